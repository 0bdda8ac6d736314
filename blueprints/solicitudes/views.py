from blueprints.access import requires
from blueprints.solicitudes import bp, draft_views, form_views  # noqa: F401  (their routes)
from rules.policy import Permission
for name, url in {"listing":"/solicitudes","show":"/solicitudes/<int:solicitud_id>"}.items():
    bp.add_url_rule(url, name, requires(Permission.ENTER)(lambda **k: ""))
