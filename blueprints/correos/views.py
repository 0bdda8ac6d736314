from blueprints.access import requires
from blueprints.correos import bp
from rules.policy import Permission
bp.add_url_rule("/correos", "outbox", requires(Permission.DEMO_OUTBOX)(lambda **k: ""))
