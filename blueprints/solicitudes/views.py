from blueprints.solicitudes import bp, draft_views, form_views  # noqa: F401  (their routes)
from blueprints.solicitudes import detail_views, list_views  # noqa: F401
