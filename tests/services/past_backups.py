"""Quipux's own backup module as a few installations left it: tables and rows, for SQLite and PostgreSQL alike."""

DDL = (
    "create table respaldo_estado (est_codi int, est_nombre varchar(40), est_nombre_estado varchar(40))",
    "create table respaldo_usuario (resp_codi bigint, usua_codi bigint, fecha_eliminado {instant})",
    "create table respaldo_solicitud (resp_soli_codi bigint, resp_codi bigint, usua_codi_solicita bigint, usua_codi_autoriza bigint,"
    " usua_codi_accion bigint, fecha_solicita {instant}, fecha_inicio_doc {instant}, fecha_fin_doc {instant}, fecha_inicio_ejec {instant},"
    " fecha_fin_ejec {instant}, estado_solicitud int, estado_respaldo int, comentario varchar, num_documentos int, radi_nume_radi {id})",
    "create table respaldo_hist_eventos (resp_hist_eventos bigint, resp_soli_codi bigint, usua_codi bigint, fecha {instant}, accion int,"
    " comentario varchar, estado_solicitud int, estado_respaldo int)",
    "insert into respaldo_estado values (1, 'Enviada', null), (2, 'Aprobada', null), (3, 'Rechazada', null), (4, 'Por ejecutar', null),"
    " (5, 'Finalizado', null), (6, 'Eliminado', null), (7, 'Cancelada', null), (8, 'Xyz', null)",
)


def rows(owner: str, creator: str) -> list[str]:
    """Six requests of `owner`: finished; finished and its files deleted; refused; cancelled; pending; of an account nobody has."""
    made = [
        _request(1, owner, creator, "'2019-03-01 15:00:00'", 2, 5, ended="'2019-03-04 15:00:00'", documents=120),
        _request(2, owner, owner, "'2019-04-01 15:00:00'", 2, 6, ended="'2019-04-03 15:00:00'"),
        _request(3, owner, creator, "'2019-05-01 15:00:00'", 3, "null"),
        _request(4, owner, creator, "'2019-06-01 15:00:00'", 7, "null"),
        _request(5, owner, creator, "'2019-07-01 15:00:00'", 1, "null"),
        _request(6, "987654", creator, "'2019-08-01 15:00:00'", 2, 5),
        _request(7, owner, creator, "null", 2, 5),
        "insert into respaldo_usuario values (2, " + owner + ", '2019-05-09 15:00:00')",
    ]
    steps = [
        (1, "2019-03-01 15:00:00", creator, "'Pedido verbal'", 1, "null"), (1, "2019-03-02 15:00:00", creator, "'ok<br>&lt;sí&gt;'", 2, 4),
        (1, "2019-03-04 15:00:00", creator, "null", 2, 5), (2, "2019-04-02 15:00:00", creator, "null", 2, "null"),
        (2, "2019-04-03 15:00:00", creator, "null", 2, 5), (2, "2019-05-09 15:00:00", creator, "null", 2, 6),
        (3, "2019-05-02 15:00:00", creator, "'No procede'", 3, "null"), (4, "2019-06-02 15:00:00", creator, "null", 7, "null"),
        (5, "2019-07-01 15:00:00", creator, "null", 8, "null"),
    ]  # fmt: skip
    return made + [
        f"insert into respaldo_hist_eventos values ({n}, {s}, {who}, '{when}', 0, {comment}, {a}, {b})"
        for n, (s, when, who, comment, a, b) in enumerate(steps)
    ]


def _request(number: int, owner: str, creator: str, when: str, state: int, backup, *, ended: str = "null", documents: int = 7) -> str:
    return (
        f"insert into respaldo_solicitud values ({number}, {number}, {owner}, null, {creator}, {when}, '2015-01-01 05:00:00',"
        f" '2018-12-31 05:00:00', null, {ended}, {state}, {backup}, 'Comentario &lt;{number}&gt;', {documents}, null)"
    )
