"""The search of accounts asks an institution's by the same function as the country's; the samples lie together.

Revision ID: 0013
Revises: 0012

Every sixty-fourth account is on a page of its own: a sample read a page for each of its rows. Of every sixty-fourth *five hundred* it reads
one for twenty. And a question about an institution took longer to plan than to answer (docs/adr/0013).
"""
import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WORDS = "comienzos({t}busqueda || ' _' || split_part({t}apellido_plegado, ' ', 1) || ' __i' || {t}institucion_id::text)"
KEYS = WORDS.format(t="cuenta.")
SURNAME = 'cuenta.apellido_plegado COLLATE "C"'
# chr(1114111), the last character there is, ends the surnames that begin with a word.
BEGINS = f"{SURNAME} >= word AND {SURNAME} < word || chr(1114111)"
PRESENT = "(NOT gone OR (NOT cuenta.activa AND cuenta.ausente_desde IS NULL))"
HELD = f"{KEYS} @> keys AND cuenta.busqueda LIKE ALL (patterns) AND {PRESENT}"
SAMPLES = {64: "(cuenta.id / 512) % 64 = 0", 8: "(cuenta.id / 512) % 8 = 0"}
# The surnames of each word, in their order: of one word the first entries are those wanted; of several they are met soon, or they are rare
# among them and it is not sure that these are the first.
WALK = f"""FOREACH word IN ARRAY words LOOP
      best := ARRAY(
        SELECT cuenta.id FROM (SELECT * FROM cuenta WHERE {{of}}{BEGINS} ORDER BY {SURNAME}, cuenta.id LIMIT walked) AS cuenta
        WHERE cuenta.busqueda LIKE ALL (patterns) AND {PRESENT} LIMIT shown
      );
      counted := (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {{of}}{BEGINS} ORDER BY {SURNAME}, cuenta.id LIMIT greatest(walked, cap) + 1) AS met);
      sure := sure AND (cardinality(best) = shown OR counted <= walked);
      kin := kin || best;
    END LOOP;"""
# What is not in the surname and is common is met among the lowest ids.
LOWEST = f"""ARRAY(
        SELECT cuenta.id FROM (SELECT * FROM cuenta {{of}} ORDER BY cuenta.id LIMIT walked) AS cuenta
        WHERE cuenta.busqueda LIKE ALL (patterns) AND NOT cuenta.apellido_plegado LIKE ANY (surnames) AND {PRESENT} LIMIT shown
      )"""

# words: folded, none the beginning of another. shown: so many rows are wanted. cap: so many are counted (cap + 1: there are more).
# walked: so many entries of an index are gone through before another way is taken. institution: of this one only; NULL: of the country.
# gone: of an institution, only those inactive in Quipux.
# Returns ids in their places: surnames that begin with a word, in their order, then the rest by id; and the total with each.
FUNCTION = f"""
CREATE FUNCTION buscar_cuentas(words text[], shown int, cap int, walked int, institution int, gone boolean) RETURNS TABLE (id int, lugar bigint, total int)
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
  IF institution IS NULL THEN
    {WALK.format(of="")}
    -- One word's surnames may already be more than are counted. Else a sample tells it: a GIN index gives all rows of a word before the
    -- first one, and those of every sixty-fourth or eighth account are so much fewer.
    IF cardinality(words) > 1 OR counted <= cap THEN
      counted := (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {HELD} AND {SAMPLES[64]} LIMIT cap + 1) AS met);
      IF counted <= cap AND counted * 64 > cap * 10 THEN
        counted := (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {HELD} AND {SAMPLES[8]} LIMIT cap + 1) AS met);
      END IF;
    END IF;
  ELSE
    {WALK.format(of="cuenta.institucion_id = institution AND ")}
    keys := keys || ('__i' || institution);
    counted := 0;
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
          WHERE {KEYS} @> (keys || ('_' || left(word, 5))) AND cuenta.busqueda LIKE ALL (patterns) AND {PRESENT} AND cuenta.apellido_plegado LIKE word || '%'
        )
        SELECT met.id FROM met ORDER BY met.surname, met.id LIMIT shown
      );
    END LOOP;
  END IF;
  kin := ARRAY(SELECT cuenta.id FROM cuenta WHERE cuenta.id = ANY (kin) ORDER BY {SURNAME}, cuenta.id LIMIT shown);
  -- What is not met often enough among the lowest ids is rare, and all the rows that the index gives are few.
  IF cardinality(kin) < shown THEN
    IF institution IS NULL THEN
      rest := {LOWEST.format(of="")};
    ELSE
      rest := {LOWEST.format(of="WHERE cuenta.institucion_id = institution")};
    END IF;
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
INDEX = "ix_cuenta_palabras_muestra_{n}"


# An institution's accounts by surname (models.py's index of the same has them in the order of the database's collation) and by id.
INDEXES = {
    "ix_cuenta_palabras_institucion_apellido": ["institucion_id", sa.text('apellido_plegado COLLATE "C"'), "id"],
    "ix_cuenta_palabras_institucion": ["institucion_id", "id"],
}


def upgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP FUNCTION buscar_cuentas(text[], int, int, int)")
    op.execute(FUNCTION)
    for name, columns in INDEXES.items():
        op.create_index(name, "cuenta", columns)
    op.execute(f"DROP INDEX {INDEX.format(n=64)}, ix_cuenta_palabras_muestra")
    for n, sample in SAMPLES.items():
        where = sample.replace("cuenta.", "")
        op.execute(f"CREATE INDEX {INDEX.format(n=n)} ON cuenta USING gin ({WORDS.format(t='')}) WITH (fastupdate = off) WHERE {where}")


def downgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    count, before = (op.get_context().opts["script"].get_revision(revision).module for revision in ("0011", "0012"))
    op.execute("DROP FUNCTION buscar_cuentas(text[], int, int, int, int, boolean)")
    op.execute(before.FUNCTION)
    for name in INDEXES:
        op.drop_index(name, table_name="cuenta")
    for n in SAMPLES:
        op.execute(f"DROP INDEX {INDEX.format(n=n)}")
    op.execute(before.SAMPLE)
    op.execute(count.SAMPLE)
