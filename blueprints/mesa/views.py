from blueprints.access import requires
from blueprints.mesa import bp
from rules.policy import Permission
bp.add_url_rule("/mesa", "desk", requires(Permission.SGE_DESK)(lambda **k: ""))
