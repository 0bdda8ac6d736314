"""The pages of a Solicitud. Importing a module of views registers its routes; there is nothing else here."""

from blueprints.solicitudes import bp, detail_views, draft_views, form_views, global_search, list_views  # noqa: F401
