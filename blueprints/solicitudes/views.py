from blueprints.access import requires
from blueprints.solicitudes import bp
from rules.policy import Permission
for name, url in {"new_personal":"/personales/nueva","mine":"/personales","new":"/solicitudes/nueva","drafts":"/solicitudes/por-enviar","listing":"/solicitudes","show":"/solicitudes/<int:solicitud_id>"}.items():
    bp.add_url_rule(url, name, requires(Permission.ENTER)(lambda **k: ""))
