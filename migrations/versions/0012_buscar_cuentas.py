"""The country's accounts are searched by one function of the database; surnames lie in their alphabet's order whatever the collation.

Revision ID: 0012
Revises: 0011

On PostgreSQL a key stroke of the search was five questions, each built, planned and waited for. Asked by one function whose plans are
kept, it is one, and surnames are walked in their order: for "alvarado" ten entries of an index are read instead of the rows of all
Alvarados (docs/adr/0013).
"""
import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WORDS = "comienzos({t}busqueda || ' _' || split_part({t}apellido_plegado, ' ', 1) || ' __i' || {t}institucion_id::text)"
KEYS = WORDS.format(t="cuenta.")
SURNAME = 'cuenta.apellido_plegado COLLATE "C"'
# chr(1114111), the last character there is, ends the surnames that begin with a word.
BEGINS = f"{SURNAME} >= word AND {SURNAME} < word || chr(1114111)"
HELD = f"{KEYS} @> keys AND cuenta.busqueda LIKE ALL (patterns)"

# words: folded, none the beginning of another. shown: so many rows are wanted. cap: so many are counted (cap + 1: there are more).
# walked: so many entries of an index are gone through before another way is taken.
# Returns ids in their places: surnames that begin with a word, in their order, then the rest by id; and the total with each.
FUNCTION = f"""
CREATE FUNCTION buscar_cuentas(words text[], shown int, cap int, walked int) RETURNS TABLE (id int, lugar bigint, total int)
LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  keys text[] := ARRAY(SELECT left(w, 6) FROM unnest(words) AS w);
  patterns text[] := ARRAY(SELECT '% ' || w || '%' FROM unnest(words) AS w);
  surnames text[] := ARRAY(SELECT w || '%' FROM unnest(words) AS w);
  word text;
  kin int[] := '{{}}';
  rest int[] := '{{}}';
  best int[];
  counted int;
  sure boolean := true;
BEGIN
  -- The surnames of each word, in their order: of one word the first entries are those wanted; of several they are met soon, or they
  -- are rare among them and it is not sure that these are the first.
  FOREACH word IN ARRAY words LOOP
    best := ARRAY(
      SELECT seen.id FROM (SELECT cuenta.id, cuenta.busqueda FROM cuenta WHERE {BEGINS} ORDER BY {SURNAME}, cuenta.id LIMIT walked) AS seen
      WHERE seen.busqueda LIKE ALL (patterns) LIMIT shown
    );
    counted := (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {BEGINS} ORDER BY {SURNAME}, cuenta.id LIMIT greatest(walked, cap) + 1) AS met);
    sure := sure AND (cardinality(best) = shown OR counted <= walked);
    kin := kin || best;
  END LOOP;
  -- One word's surnames may already be more than are counted. Else a sample tells it: a GIN index gives all rows of a word before the
  -- first one, and those of every sixty-fourth or eighth account are so much fewer.
  IF cardinality(words) > 1 OR counted <= cap THEN
    counted := (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {HELD} AND cuenta.id % 64 = 0 LIMIT cap + 1) AS met);
    IF counted <= cap AND counted * 64 > cap * 10 THEN
      counted := (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {HELD} AND cuenta.id % 8 = 0 LIMIT cap + 1) AS met);
    END IF;
  END IF;
  IF counted <= cap THEN
    WITH met AS MATERIALIZED (
      SELECT cuenta.id, {SURNAME} AS surname, cuenta.apellido_plegado LIKE ANY (surnames) AS kindred FROM cuenta WHERE {HELD} LIMIT cap + 1
    )
    SELECT count(*), ARRAY(SELECT met.id FROM met WHERE met.kindred ORDER BY met.surname, met.id LIMIT shown),
      ARRAY(SELECT met.id FROM met WHERE NOT met.kindred ORDER BY met.id LIMIT shown)
    INTO counted, best, rest FROM met;
    -- All of them: nothing more to ask.
    IF counted <= cap THEN
      RETURN QUERY SELECT place.id, place.n, counted FROM unnest(best || rest) WITH ORDINALITY AS place (id, n) LIMIT shown;
      RETURN;
    END IF;
    rest := '{{}}';
  END IF;
  IF NOT sure THEN
    kin := '{{}}';
    FOREACH word IN ARRAY words LOOP
      kin := kin || ARRAY(
        WITH met AS MATERIALIZED (
          SELECT cuenta.id, {SURNAME} AS surname FROM cuenta
          WHERE {KEYS} @> (keys || ('_' || left(word, 5))) AND cuenta.busqueda LIKE ALL (patterns) AND cuenta.apellido_plegado LIKE word || '%'
        )
        SELECT met.id FROM met ORDER BY met.surname, met.id LIMIT shown
      );
    END LOOP;
  END IF;
  kin := ARRAY(SELECT cuenta.id FROM cuenta WHERE cuenta.id = ANY (kin) ORDER BY {SURNAME}, cuenta.id LIMIT shown);
  -- What is common is met among the lowest ids; what is not, is rare, and all the rows that the index gives are few.
  IF cardinality(kin) < shown THEN
    rest := ARRAY(
      SELECT seen.id FROM (SELECT cuenta.id, cuenta.busqueda, cuenta.apellido_plegado FROM cuenta ORDER BY cuenta.id LIMIT walked) AS seen
      WHERE seen.busqueda LIKE ALL (patterns) AND NOT seen.apellido_plegado LIKE ANY (surnames) LIMIT shown
    );
    IF cardinality(kin) + cardinality(rest) < shown THEN
      rest := ARRAY(
        WITH met AS MATERIALIZED (SELECT cuenta.id FROM cuenta WHERE {HELD} AND NOT cuenta.apellido_plegado LIKE ANY (surnames))
        SELECT met.id FROM met ORDER BY met.id LIMIT shown
      );
    END IF;
  END IF;
  RETURN QUERY SELECT place.id, place.n, cap + 1 FROM unnest(kin || rest) WITH ORDINALITY AS place (id, n) LIMIT shown;
END $$
"""
SAMPLE = f"CREATE INDEX ix_cuenta_palabras_muestra_64 ON cuenta USING gin ({WORDS.format(t='')}) WITH (fastupdate = off) WHERE id % 64 = 0"

# What a list's filters ask of the rows that the word index of SQLite gives, one by one.
FILTERED = ["id", "fecha_solicitud", "estado", "vigente_hasta", "institucion_id", "creada_por_id", "oculta", "clase"]


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_cuenta_palabras_apellido", "cuenta", [sa.text('apellido_plegado COLLATE "C"'), "id"])
        op.execute(sa.text(SAMPLE))
        op.execute(FUNCTION)
        # What it costs, about; at 10 000 the planner read half a million entries of other indexes to spare it a few thousand rows.
        op.execute("ALTER FUNCTION comienzos(text) COST 100")
    else:
        # SQLite's walk reads the words in the index too; PostgreSQL's entries may not be that long.
        op.create_index("ix_cuenta_palabras_apellido", "cuenta", ["apellido_plegado", "id", "busqueda"])
        op.create_index("ix_solicitud_palabras_filas", "solicitud", FILTERED)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER FUNCTION comienzos(text) COST 10000")
        op.execute("DROP FUNCTION buscar_cuentas")
        op.execute("DROP INDEX ix_cuenta_palabras_muestra_64")
    else:
        op.drop_index("ix_solicitud_palabras_filas", table_name="solicitud")
    op.drop_index("ix_cuenta_palabras_apellido", table_name="cuenta")
