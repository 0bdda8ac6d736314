"""Accounts and requests are counted strip by strip, and surnames walked only when it has to be.

Revision ID: 0014
Revises: 0013

Two samples of the accounts, one inside the other, were counted one after the other, each from nothing, and often told too little: 42 of
a hundred key strokes read all rows of their words after all. Strips of ever more accounts are counted one after the other and added up, until they
are more than anybody counts, or until it is clear that they will not be (docs/adr/0013).
"""
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Of every sixty-four times five hundred accounts: (condition on n, the number of the five hundred, how many of the sixty-four this
# strip and those before it have).
STRIPS = [("{n} = 0", 1), ("{n} = 1", 2), ("{n} >= 2 AND {n} < 4", 4), ("{n} >= 4 AND {n} < 8", 8), ("{n} >= 8 AND {n} < 16", 16)]
SAMPLED = STRIPS[-1][1]
# Of the requests ten thousand are counted: fewer strips tell as much.
STRIPS_OF_REQUESTS = [("{n} = 0", 1), ("{n} >= 1 AND {n} < 4", 4), ("{n} >= 4 AND {n} < 16", 16)]
INDEX = "ix_{table}_palabras_franja_{n}"
REQUESTS = "comienzos(busqueda || ' __i' || institucion_id::text)"
WALKED = "buscar_apellidos(text, text[], int, int, int, int, boolean)"
FOUND = "buscar_cuentas(text[], int, int, int, int, boolean)"


def within(strip: str, table: str = "") -> str:
    return strip.format(n=f"({table}id / 512) % 64")


def surnames(before, of: str) -> str:
    return f"""ids := ARRAY(
      SELECT cuenta.id FROM (SELECT * FROM cuenta WHERE {of}{before.BEGINS} ORDER BY {before.SURNAME}, cuenta.id LIMIT walked) AS cuenta
      WHERE cuenta.busqueda LIKE ALL (patterns) AND {before.PRESENT} LIMIT shown
    );
    counted := (
      SELECT count(*) FROM (
        SELECT 1 FROM cuenta WHERE {of}{before.BEGINS} ORDER BY {before.SURNAME}, cuenta.id LIMIT CASE WHEN cardinality(ids) < shown THEN walked ELSE cap END + 1
      ) AS met
    );"""


def walk(before) -> str:
    """The accounts whose surname begins with `word`, in its order, that have all `patterns`: the first so many `shown` among the first
    `walked`. counted: those whose surname begins so, up to one more than were walked; up to one more than `cap` when there were
    enough."""
    return f"""
CREATE FUNCTION buscar_apellidos(
  word text, patterns text[], shown int, cap int, walked int, institution int, gone boolean, OUT ids int[], OUT counted int
) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF institution IS NULL THEN
    {surnames(before, "")}
  ELSE
    {surnames(before, "cuenta.institucion_id = institution AND ")}
  END IF;
END $$
"""


def strips(held: str) -> str:
    """Each strip is counted if those before it promise that all of them together have more than `cap`."""
    counts = [f"counted + (SELECT count(*) FROM (SELECT 1 FROM cuenta WHERE {held} AND {within(strip, 'cuenta.')} LIMIT cap + 1 - counted) AS met)" for strip, _ in STRIPS]
    steps = [f"counted := {counts[0]};"]
    for count, (_, before) in zip(counts[1:], STRIPS, strict=False):
        steps.append(f"IF counted <= cap AND counted * {SAMPLED // before} > cap THEN\n      counted := {count};\n    END IF;")
    return "\n    ".join(steps)


# Arguments and result are those of revision 0013. What keys of six letters tell is not asked of the rows again: `long` are the patterns of
# longer words.
def function(before) -> str:
    held = before.HELD.replace("(patterns)", "(long)")
    walked = """FOREACH word IN ARRAY words LOOP
      SELECT own.ids, own.counted INTO best, counted FROM buscar_apellidos(word, patterns, shown, cap, walked, institution, gone) AS own;
      sure := sure AND (cardinality(best) = shown OR counted <= walked);
      kin := kin || best;
    END LOOP;"""
    return f"""
CREATE FUNCTION buscar_cuentas(words text[], shown int, cap int, walked int, institution int, gone boolean) RETURNS TABLE (id int, lugar bigint, total int)
LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  keys text[] := ARRAY(SELECT left(w, 6) FROM unnest(words) AS w);
  patterns text[] := ARRAY(SELECT '% ' || w || '%' FROM unnest(words) AS w);
  long text[] := ARRAY(SELECT '% ' || w || '%' FROM unnest(words) AS w WHERE length(w) > 6);
  surnames text[] := ARRAY(SELECT w || '%' FROM unnest(words) AS w);
  word text;
  kin int[] := '{{}}';
  rest int[] := '{{}}';
  best int[];
  counted int := 0;
  sure boolean := true;
BEGIN
  -- One word's surnames are the first of the answer, and may already be more than are counted.
  IF cardinality(words) = 1 THEN
    {walked}
  END IF;
  IF institution IS NOT NULL THEN
    keys := keys || ('__i' || institution);
    IF gone THEN
      counted := 0;
    END IF;
  ELSIF counted <= cap THEN
    -- A GIN index gives all rows of a word before the first one; an index of a strip has so many fewer.
    counted := 0;
    {strips(held)}
  END IF;
  IF counted <= cap THEN
    WITH met AS MATERIALIZED (
      SELECT cuenta.id, {before.SURNAME} AS surname, cuenta.apellido_plegado LIKE ANY (surnames) AS kindred FROM cuenta WHERE {held} LIMIT cap + 1
    )
    SELECT count(*), ARRAY(SELECT met.id FROM met WHERE met.kindred ORDER BY met.surname, met.id LIMIT shown),
      ARRAY(SELECT met.id FROM met WHERE NOT met.kindred ORDER BY met.id LIMIT shown)
    INTO counted, best, rest FROM met;
    -- All of them: nothing more to ask.
    IF counted <= cap THEN
      RETURN QUERY SELECT place.id, place.n, counted FROM unnest(best || rest) WITH ORDINALITY AS place (id, n) LIMIT shown;
      RETURN;
    END IF;
  END IF;
  -- Of several words the surnames of each: those with all the words are met soon, or they are rare and it is not sure that these are the first.
  IF cardinality(words) > 1 THEN
    {walked}
  END IF;
  IF NOT sure THEN
    kin := '{{}}';
    FOREACH word IN ARRAY words LOOP
      kin := kin || ARRAY(
        WITH met AS MATERIALIZED (
          SELECT cuenta.id, {before.SURNAME} AS surname FROM cuenta
          WHERE {before.KEYS} @> (keys || ('_' || left(word, 5))) AND cuenta.busqueda LIKE ALL (long) AND {before.PRESENT} AND cuenta.apellido_plegado LIKE word || '%'
        )
        SELECT met.id FROM met ORDER BY met.surname, met.id LIMIT shown
      );
    END LOOP;
  END IF;
  kin := ARRAY(SELECT cuenta.id FROM cuenta WHERE cuenta.id = ANY (kin) ORDER BY {before.SURNAME}, cuenta.id LIMIT shown);
  -- What is not met often enough among the lowest ids is rare, and all the rows that the index gives are few.
  IF cardinality(kin) < shown THEN
    IF institution IS NULL THEN
      rest := {before.LOWEST.format(of="")};
    ELSE
      rest := {before.LOWEST.format(of="WHERE cuenta.institucion_id = institution")};
    END IF;
    IF cardinality(kin) + cardinality(rest) < shown THEN
      rest := ARRAY(
        WITH met AS MATERIALIZED (SELECT cuenta.id FROM cuenta WHERE {held} AND NOT cuenta.apellido_plegado LIKE ANY (surnames))
        SELECT met.id FROM met ORDER BY met.id LIMIT shown
      );
    END IF;
  END IF;
  RETURN QUERY SELECT place.id, place.n, cap + 1 FROM unnest(kin || rest) WITH ORDINALITY AS place (id, n) LIMIT shown;
END $$
"""


def indexes(before) -> list[tuple[str, int, str, str]]:
    """(table, number of the strip, words, condition)"""
    accounts = [("cuenta", n, before.WORDS.format(t=""), within(strip)) for n, (strip, _) in enumerate(STRIPS)]
    return [*accounts, *(("solicitud", n, REQUESTS, within(strip)) for n, (strip, _) in enumerate(STRIPS_OF_REQUESTS))]


def earlier():
    return op.get_context().opts["script"].get_revision("0013").module


def upgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    before = earlier()
    op.execute(f"DROP FUNCTION {FOUND}")
    op.execute(walk(before))
    op.execute(function(before))
    for n in before.SAMPLES:
        op.execute(f"DROP INDEX {before.INDEX.format(n=n)}")
    for table, n, words, where in indexes(before):
        op.execute(f"CREATE INDEX {INDEX.format(table=table, n=n)} ON {table} USING gin ({words}) WITH (fastupdate = off) WHERE {where}")


def downgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    before = earlier()
    op.execute(f"DROP FUNCTION {FOUND}")
    op.execute(f"DROP FUNCTION {WALKED}")
    op.execute(before.FUNCTION)
    for table, n, *_ in indexes(before):
        op.execute(f"DROP INDEX {INDEX.format(table=table, n=n)}")
    for n, sample in before.SAMPLES.items():
        where = sample.replace("cuenta.", "")
        op.execute(f"CREATE INDEX {before.INDEX.format(n=n)} ON cuenta USING gin ({before.WORDS.format(t='')}) WITH (fastupdate = off) WHERE {where}")
