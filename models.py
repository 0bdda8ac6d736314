"""Nouns only: typed columns, constraints, relationships. No rules, no queries.

Three tables, never one "usuario": `Cuenta` is one Quipux account (only the mirror writes it), `Usuario` is who signs in
here, `Nombramiento` is the office held, with its dates (decisions 1).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Base
from rules.lifecycle import Clase, Estado, Motivo
from rules.processes import Etapa, Materia, Paso


class UTCDateTime(TypeDecorator):
    """An instant: aware in Python, UTC in the database. SQLite would hand back naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect):
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator):
    """A StrEnum kept as its value: readable in SQL, closed in Python."""

    impl = String(40)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]):
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value, dialect):
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value, dialect):
        return None if value is None else self.kind(value)


# SQLite gives AUTOINCREMENT (a number is never used again) only to INTEGER keys.
BigId = BigInteger().with_variant(Integer, "sqlite")


# Requests that hold a place on the calendar, letter by letter as the index of them says it: SQLite uses it only then.
PROMISED = "estado IN ('aprobada', 'en_ejecucion')"
# Requests on the SGE's desk, and requests that are not over (rules.lifecycle.LIVE): the same, of their indexes.
WAITING = "estado = 'enviada'"
ALIVE = "estado IN ('borrador', 'enviada', 'aprobada', 'en_ejecucion', 'detenida', 'atendida')"


# The month of a Fecha Solicitud, in UTC (of year 0: 1 to 12), letter by letter as PostgreSQL's index of it says it.
_UTC = "solicitud.fecha_solicitud AT TIME ZONE 'UTC'"
MONTH_OF = f"CAST(date_part('year', {_UTC}) * 12 + date_part('month', {_UTC}) AS integer)"


class Cargo(StrEnum):
    AIQ_PRINCIPAL = "aiq_principal"
    AIQ_BACKUP = "aiq_backup"
    SGE_OPERADOR = "sge_operador"
    SGE_ADMIN = "sge_admin"


class Institucion(Base):
    """Tenant. `quipux_codi` is Quipux's `inst_codi`; `activa` says whether it is still in force there."""

    __tablename__ = "institucion"
    id: Mapped[int] = mapped_column(primary_key=True)
    quipux_codi: Mapped[str | None] = mapped_column(String(20), unique=True)
    ruc: Mapped[str] = mapped_column(String(14), default="")
    nombre: Mapped[str] = mapped_column(String(200))
    sigla: Mapped[str] = mapped_column(String(20), default="")
    telefono: Mapped[str] = mapped_column(String(60), default="")
    direccion: Mapped[str] = mapped_column(String(250), default="")
    correo: Mapped[str] = mapped_column(String(120), default="")
    activa: Mapped[bool] = mapped_column(default=True)


class Area(Base):
    __tablename__ = "area"
    id: Mapped[int] = mapped_column(primary_key=True)
    quipux_codi: Mapped[str] = mapped_column(String(20), unique=True)
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"), index=True)
    nombre: Mapped[str] = mapped_column(String(200))
    sigla: Mapped[str] = mapped_column(String(100), default="")
    padre_codi: Mapped[str | None] = mapped_column(String(20))
    activa: Mapped[bool] = mapped_column(default=True)


class Cuenta(Base):
    """One Quipux account (a post, not a person). `inactiva_desde`: the first mirror run that saw it inactive, empty for
    those already inactive at the first load. `ausente_desde`: it vanished from Quipux; rows are never deleted."""

    __tablename__ = "cuenta"
    id: Mapped[int] = mapped_column(primary_key=True)
    quipux_codi: Mapped[str] = mapped_column(String(20), unique=True)
    cedula: Mapped[str] = mapped_column(String(20), index=True)
    nombre: Mapped[str] = mapped_column(String(200))
    apellido: Mapped[str] = mapped_column(String(200))
    titulo: Mapped[str] = mapped_column(String(100), default="")
    puesto: Mapped[str] = mapped_column(String(200), default="")
    perfil: Mapped[str] = mapped_column(String(20), default="Normal")
    area: Mapped[str] = mapped_column(String(200), default="")
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"))
    correos: Mapped[str] = mapped_column(String(500), default="")
    activa: Mapped[bool]
    inactiva_desde: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ausente_desde: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Folded words of every searchable field, each preceded by a blank: services.people searches here.
    busqueda: Mapped[str] = mapped_column(Text, default="")
    apellido_plegado: Mapped[str] = mapped_column(String(200), default="")
    # Which block of codes it belongs to: the mirror compares block by block (BloqueEspejo).
    bloque: Mapped[int | None] = mapped_column(BigInteger, index=True)

    institucion: Mapped[Institucion] = relationship()

    __table_args__ = (
        Index("ix_cuenta_institucion_activa", "institucion_id", "activa", "apellido_plegado", "id"),
        Index("ix_cuenta_nombre", "apellido_plegado", "id"),
    )

    @property
    def nombre_completo(self) -> str:
        return f"{self.nombre} {self.apellido}".strip()


class Usuario(Base):
    """Who signs in. Rights never live here: they come from Nombramiento and Cuenta, at each request.

    `sesion` is a counter inside every session and link: raising it ends them all at once."""

    __tablename__ = "usuario"
    id: Mapped[int] = mapped_column(primary_key=True)
    cedula: Mapped[str] = mapped_column(String(20), unique=True)
    correo: Mapped[str] = mapped_column(String(200), unique=True)
    nombre: Mapped[str] = mapped_column(String(200))
    apellido: Mapped[str] = mapped_column(String(200), default="")
    clave_hash: Mapped[str | None] = mapped_column(String(200))
    habilitado: Mapped[bool] = mapped_column(default=True)
    sesion: Mapped[int] = mapped_column(default=1)
    ultimo_ingreso: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    creado: Mapped[datetime] = mapped_column(UTCDateTime)

    nombramientos: Mapped[list[Nombramiento]] = relationship(back_populates="usuario", order_by="Nombramiento.desde")

    @property
    def nombre_completo(self) -> str:
        return f"{self.nombre} {self.apellido}".strip()


class IntentoIngreso(Base):
    """Failed sign-ins in a row, also of logins that do not exist: a lock must not reveal which ones do."""

    __tablename__ = "intento_ingreso"
    clave: Mapped[str] = mapped_column(String(64), primary_key=True)
    fallidos: Mapped[int] = mapped_column(default=0)
    bloqueado_hasta: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Nombramiento(Base):
    """An office held: in force while `desde <= now < hasta`. Null institution: the SGE."""

    __tablename__ = "nombramiento"
    id: Mapped[int] = mapped_column(primary_key=True)
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"), index=True)
    institucion_id: Mapped[int | None] = mapped_column(ForeignKey("institucion.id"))
    cargo: Mapped[Cargo] = mapped_column(Word(Cargo))
    desde: Mapped[datetime] = mapped_column(UTCDateTime)
    hasta: Mapped[datetime | None] = mapped_column(UTCDateTime)
    documento: Mapped[str] = mapped_column(String(200), default="")

    usuario: Mapped[Usuario] = relationship(back_populates="nombramientos")
    institucion: Mapped[Institucion | None] = relationship()

    __table_args__ = (
        Index(
            "uq_nombramiento_principal_vigente",
            "institucion_id",
            unique=True,
            sqlite_where=text("cargo = 'aiq_principal' AND hasta IS NULL"),
            postgresql_where=text("cargo = 'aiq_principal' AND hasta IS NULL"),
        ),
        Index("ix_nombramiento_institucion", "institucion_id", "cargo"),
        CheckConstraint("hasta IS NULL OR hasta > desde", name="orden"),
        CheckConstraint("(institucion_id IS NULL) = (cargo IN ('sge_operador', 'sge_admin'))", name="lugar"),
    )


class Solicitud(Base):
    """A request for a backup; its id is the Nº Solicitud. Only services.mover writes `estado`.

    The person's data and the petition's are copied in when the request is saved or sent: later screens, the archive and
    the acta must say what was true then and must not depend on Quipux (decisions 27)."""

    __tablename__ = "solicitud"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    clase: Mapped[Clase] = mapped_column(Word(Clase))
    estado: Mapped[Estado] = mapped_column(Word(Estado))
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"))
    cuenta_id: Mapped[int] = mapped_column(ForeignKey("cuenta.id"), index=True)
    creada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    fecha_solicitud: Mapped[datetime] = mapped_column(UTCDateTime)
    editada_en: Mapped[datetime] = mapped_column(UTCDateTime)
    editada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    # Counts edits and moves: a form that shows an older version is told so instead of overwriting.
    version: Mapped[int] = mapped_column(default=1)
    desde: Mapped[date | None] = mapped_column(Date)
    hasta: Mapped[date | None] = mapped_column(Date)
    comentario: Mapped[str] = mapped_column(Text, default="")

    # The person, as Quipux had him or her
    persona_cedula: Mapped[str] = mapped_column(String(20))
    persona_nombre: Mapped[str] = mapped_column(String(200))
    persona_apellido: Mapped[str] = mapped_column(String(200))
    persona_puesto: Mapped[str] = mapped_column(String(200), default="")
    persona_perfil: Mapped[str] = mapped_column(String(20), default="")
    persona_area: Mapped[str] = mapped_column(String(200), default="")
    busqueda: Mapped[str] = mapped_column(Text, default="")
    apellido_plegado: Mapped[str] = mapped_column(String(400), default="")

    # The citizen's petition, as registered at the counter
    documento_codi: Mapped[str | None] = mapped_column(String(20))
    documento_numero: Mapped[str] = mapped_column(String(60), default="")
    documento_fecha: Mapped[datetime | None] = mapped_column(UTCDateTime)
    documento_asunto: Mapped[str] = mapped_column(String(400), default="")
    documento_remitente: Mapped[str] = mapped_column(String(400), default="")
    documento_remitente_cedula: Mapped[str] = mapped_column(String(20), default="")
    documento_sha256: Mapped[str] = mapped_column(String(64), default="")
    documento_clave: Mapped[str] = mapped_column(String(200), default="")
    documento_paginas: Mapped[int | None]

    # Estimate shown before sending, replaced by the plan
    estimado_documentos: Mapped[int | None]
    estimado_bytes: Mapped[int | None] = mapped_column(BigInteger)
    # The same estimate as it was at *Enviar*: the plan does not replace it (services.estimates compares them)
    previsto_documentos: Mapped[int | None]
    previsto_bytes: Mapped[int | None] = mapped_column(BigInteger)
    estimado_reservados: Mapped[int | None]

    enviada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    enviada_por_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    devuelta_por: Mapped[str] = mapped_column(Text, default="")
    # When an officer first had it on the desk; empty again when it is sent again.
    abierta_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    aprobada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    aprobada_por_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    fecha_tentativa: Mapped[date | None] = mapped_column(Date)
    # From this instant on it may run: 06:00 of its day, or at once when an officer says so.
    ejecutar_desde: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fuera_de_plazo: Mapped[bool] = mapped_column(default=False)
    incluir_reservados: Mapped[bool] = mapped_column(default=False)
    generada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    vigente_hasta: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ampliada: Mapped[bool] = mapped_column(default=False)
    eliminada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    motivo: Mapped[Motivo | None] = mapped_column(Word(Motivo))
    # Bytes may be deleted from this instant on; null: nothing to delete. Cleared when absence has been proved.
    purgar_desde: Mapped[datetime | None] = mapped_column(UTCDateTime)
    purgada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    oculta: Mapped[bool] = mapped_column(default=False)
    renueva_id: Mapped[int | None] = mapped_column(ForeignKey("solicitud.id"))
    # Its number in Quipux's own backup module, of which it was imported; empty for what was asked for here.
    importada_de: Mapped[str | None] = mapped_column(String(20), unique=True, index=True)

    institucion: Mapped[Institucion] = relationship()
    cuenta: Mapped[Cuenta] = relationship()
    creada_por: Mapped[Usuario] = relationship(foreign_keys=[creada_por_id])
    editada_por: Mapped[Usuario] = relationship(foreign_keys=[editada_por_id])
    enviada_por: Mapped[Usuario | None] = relationship(foreign_keys=[enviada_por_id])
    aprobada_por: Mapped[Usuario | None] = relationship(foreign_keys=[aprobada_por_id])
    renueva: Mapped[Solicitud | None] = relationship(remote_side=[id])
    eventos: Mapped[list[Evento]] = relationship(back_populates="solicitud", order_by="Evento.orden")
    ejecuciones: Mapped[list[Ejecucion]] = relationship(back_populates="solicitud", order_by="Ejecucion.id")

    __table_args__ = (
        # These three answer the list's filters and totals by themselves (docs/adr/0013), without the wide rows.
        Index("ix_solicitud_institucion_fecha", "institucion_id", "fecha_solicitud", "id", "estado", "vigente_hasta", "creada_por_id", "oculta", "clase"),
        Index("ix_solicitud_fecha", "fecha_solicitud", "id", "estado", "vigente_hasta", "institucion_id", "creada_por_id", "oculta", "clase"),
        Index("ix_solicitud_estado_fecha", "estado", "fecha_solicitud", "id", "vigente_hasta", "institucion_id", "creada_por_id", "oculta", "clase"),
        Index("ix_solicitud_nombre", "apellido_plegado", "id"),
        # Numbers in order within a month, for lists by number of days long gone; SQLite sorts its index of dates fast enough.
        Index("ix_solicitud_mes", text(f"({MONTH_OF.replace('solicitud.', '')})"), "id", "fecha_solicitud", info={"only": "postgresql"}).ddl_if(dialect="postgresql"),
        Index("ix_solicitud_estado", "estado", "ejecutar_desde"),
        Index("ix_solicitud_estado_vigencia", "estado", "vigente_hasta"),
        Index("ix_solicitud_purgar", "purgar_desde"),
        Index("ix_solicitud_generada", "generada_en"),
        # The counters of every page of the SGE, without reading a row (services.scope names these columns).
        Index("ix_solicitud_conteo", "estado", "oculta", "creada_por_id", "clase"),
        # What is promised, by day: everything services.schedule sums up, and nothing of the requests that are over.
        Index(
            "ix_solicitud_calendario",
            "fecha_tentativa", "institucion_id", "estimado_documentos", "estimado_bytes",
            sqlite_where=text(PROMISED),
            postgresql_where=text(PROMISED),
        ),
        # The months of the calendar, those gone by too, without a look at the rows.
        Index("ix_solicitud_fecha_tentativa", "fecha_tentativa", "estado", "generada_en", "estimado_documentos", "estimado_bytes"),
        Index("ix_solicitud_espera", "estado", "enviada_en", "id"),
        # The desk: what waits, with all that its filters, counts and observations look at (services.desk_queue).
        Index(
            "ix_solicitud_mesa",
            "estado", "enviada_en", "id", "institucion_id", "creada_por_id", "oculta", "clase", "abierta_en", "cuenta_id", "persona_cedula",
            "documento_remitente_cedula", "estimado_documentos", "estimado_bytes", "estimado_reservados",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        # The names of what waits; PostgreSQL's index entries may not be as long as names may be.
        Index("ix_solicitud_mesa_busqueda", "estado", "id", "busqueda", sqlite_where=text(WAITING), info={"only": "sqlite"}).ddl_if(dialect="sqlite"),
        Index("ix_solicitud_persona", "persona_cedula", "institucion_id"),
        # Few requests renew another; the page of every request asks which one renews it.
        Index("ix_solicitud_renueva", "renueva_id", sqlite_where=text("renueva_id IS NOT NULL"), postgresql_where=text("renueva_id IS NOT NULL")),
        # Whether a person has another live request, asked for everything that waits at once (services.desk_notes).
        Index(
            "ix_solicitud_viva", "persona_cedula", "institucion_id", "id", "estado", "vigente_hasta", "oculta",
            sqlite_where=text(ALIVE), postgresql_where=text(ALIVE),
        ),
        CheckConstraint("desde IS NULL OR hasta IS NULL OR desde <= hasta", name="rango"),
        CheckConstraint("(estado = 'eliminada') = (motivo IS NOT NULL)", name="motivo"),
        {"sqlite_autoincrement": True},
    )

    @property
    def persona(self) -> str:
        return f"{self.persona_nombre} {self.persona_apellido}".strip()

    @property
    def nombre_archivo(self) -> str:
        """Stem of every file of its archive (archive.md §1)."""
        return f"RESPALDO_{self.id:06d}"


class Evento(Base):
    """One row of a Recorrido. Null actor: Sistema. Rows are only ever inserted; `hash` chains them (decisions 12):
    people enter the hashed text by id, the comment by its own hash, so that either can be erased on lawful request."""

    __tablename__ = "evento"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    solicitud_id: Mapped[int | None] = mapped_column(ForeignKey("solicitud.id"))
    implantacion_id: Mapped[int | None] = mapped_column(ForeignKey("implantacion.id"))
    cambio_id: Mapped[int | None] = mapped_column(ForeignKey("cambio_aiq.id"))
    orden: Mapped[int]
    en: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    accion: Mapped[str] = mapped_column(String(40))
    estado: Mapped[str] = mapped_column(String(40))
    comentario: Mapped[str] = mapped_column(Text, default="")
    datos: Mapped[dict] = mapped_column(JSON, default=dict)
    previo: Mapped[str] = mapped_column(String(64), default="")
    hash: Mapped[str] = mapped_column(String(64))

    solicitud: Mapped[Solicitud | None] = relationship(back_populates="eventos")
    actor: Mapped[Usuario | None] = relationship()

    __table_args__ = (
        UniqueConstraint("solicitud_id", "orden"),
        UniqueConstraint("implantacion_id", "orden"),
        UniqueConstraint("cambio_id", "orden"),
        CheckConstraint(
            "(solicitud_id IS NOT NULL AND implantacion_id IS NULL AND cambio_id IS NULL)"
            " OR (solicitud_id IS NULL AND implantacion_id IS NOT NULL AND cambio_id IS NULL)"
            " OR (solicitud_id IS NULL AND implantacion_id IS NULL AND cambio_id IS NOT NULL)",
            name="uno",
        ),
        Index("ix_evento_en", "en"),
    )


class EjecucionEstado(StrEnum):
    PENDIENTE = "pendiente"
    EN_CURSO = "en_curso"
    PUBLICADA = "publicada"
    DETENIDA = "detenida"
    CANCELADA = "cancelada"


# A worker has it or will take it; not over yet, of which a request has one at most.
WORKED_ON = (EjecucionEstado.PENDIENTE, EjecucionEstado.EN_CURSO)
UNFINISHED = (*WORKED_ON, EjecucionEstado.DETENIDA)


class Ejecucion(Base):
    """One production of an archive: plan, lease and progress. The database is the truth, the queue only a nudge.

    `intento` is the fencing token: it grows whenever another worker takes over, and a worker whose number is no longer
    the row's is refused every write. `fallos` counts failures without progress; three stop the run (decisions 9)."""

    __tablename__ = "ejecucion"
    id: Mapped[int] = mapped_column(primary_key=True)
    solicitud_id: Mapped[int] = mapped_column(ForeignKey("solicitud.id"), index=True)
    # Empty for the whole archive; "C1", "C2" … for a complement made by "Reintentar faltantes".
    complemento: Mapped[str] = mapped_column(String(10), default="")
    estado: Mapped[EjecucionEstado] = mapped_column(Word(EjecucionEstado))
    intento: Mapped[int] = mapped_column(default=0)
    fallos: Mapped[int] = mapped_column(default=0)
    arrendada_hasta: Mapped[datetime | None] = mapped_column(UTCDateTime)
    trabajador: Mapped[str] = mapped_column(String(120), default="")
    latido: Mapped[datetime | None] = mapped_column(UTCDateTime)
    espera: Mapped[str] = mapped_column(String(20), default="")
    espera_desde: Mapped[datetime | None] = mapped_column(UTCDateTime)
    detencion: Mapped[str] = mapped_column(String(20), default="")
    # The officer said "Continuar con novedades": the breaker stays open for this run.
    continuar: Mapped[bool] = mapped_column(default=False)
    etapa: Mapped[str] = mapped_column(String(20), default="recolectar")
    plan_clave: Mapped[str] = mapped_column(String(200), default="")
    plan_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    encontrados: Mapped[int] = mapped_column(default=0)
    incluidos: Mapped[int] = mapped_column(default=0)
    con_novedad: Mapped[int] = mapped_column(default=0)
    excluidos: Mapped[int] = mapped_column(default=0)
    recibidos: Mapped[int] = mapped_column(default=0)
    enviados: Mapped[int] = mapped_column(default=0)
    bytes_total: Mapped[int] = mapped_column(BigInteger, default=0)
    documentos_hechos: Mapped[int] = mapped_column(default=0)
    bytes_hechos: Mapped[int] = mapped_column(BigInteger, default=0)
    creada_en: Mapped[datetime] = mapped_column(UTCDateTime)
    iniciada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    terminada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    solicitud: Mapped[Solicitud] = relationship(back_populates="ejecuciones")
    partes: Mapped[list[Parte]] = relationship(back_populates="ejecucion", order_by="Parte.numero")
    novedades: Mapped[list[Novedad]] = relationship(
        back_populates="ejecucion", order_by="Novedad.id", foreign_keys="Novedad.ejecucion_id"
    )

    __table_args__ = (
        Index("ix_ejecucion_estado", "estado", "arrendada_hasta"),
        Index("ix_ejecucion_terminada", "terminada_en"),
        Index(
            "ix_ejecucion_novedades", "solicitud_id", sqlite_where=text("con_novedad > 0"), postgresql_where=text("con_novedad > 0")
        ),
        Index(
            "uq_ejecucion_una_viva",
            "solicitud_id",
            unique=True,
            sqlite_where=text("estado IN ('pendiente', 'en_curso', 'detenida')"),
            postgresql_where=text("estado IN ('pendiente', 'en_curso', 'detenida')"),
        ),
    )


class ParteTipo(StrEnum):
    DATOS = "datos"
    DIRECTORIO = "directorio"


class Parte(Base):
    """One volume: planned first, published when its bytes are in the storage and were read back (`sha256` set).
    `numero` 1…N are data volumes; the directory volume, when there is one, is N+1.

    Several workers share a run: each volume has a lease of its own, and `intento` is its fencing token
    (docs/adr/0019)."""

    __tablename__ = "parte"
    id: Mapped[int] = mapped_column(primary_key=True)
    ejecucion_id: Mapped[int] = mapped_column(ForeignKey("ejecucion.id"))
    numero: Mapped[int]
    tipo: Mapped[ParteTipo] = mapped_column(Word(ParteTipo))
    nombre: Mapped[str] = mapped_column(String(120))
    nombre_independiente: Mapped[str] = mapped_column(String(120), default="")
    clave: Mapped[str] = mapped_column(String(200), default="")
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    documentos: Mapped[int] = mapped_column(default=0)
    entradas: Mapped[int] = mapped_column(default=0)
    bytes_planeados: Mapped[int] = mapped_column(BigInteger, default=0)
    publicada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    borrada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Who is making it now
    intento: Mapped[int] = mapped_column(default=0)
    fallos: Mapped[int] = mapped_column(default=0)
    arrendada_hasta: Mapped[datetime | None] = mapped_column(UTCDateTime)
    trabajador: Mapped[str] = mapped_column(String(120), default="")
    documentos_hechos: Mapped[int] = mapped_column(default=0)
    bytes_hechos: Mapped[int] = mapped_column(BigInteger, default=0)
    # Files that could not be read while it was made, and how many of the last ones in a row: the breaker counts over the
    # whole run, whoever made its volumes (decisions 16).
    fallidos: Mapped[int] = mapped_column(default=0)
    racha: Mapped[int] = mapped_column(default=0)

    ejecucion: Mapped[Ejecucion] = relationship(back_populates="partes")
    descargas: Mapped[list[Descarga]] = relationship(back_populates="parte")

    __table_args__ = (
        UniqueConstraint("ejecucion_id", "numero"),
        # What the storage holds now: few of very many.
        Index(
            "ix_parte_viva", "ejecucion_id", "bytes",
            sqlite_where=text("publicada_en IS NOT NULL AND borrada_en IS NULL"),
            postgresql_where=text("publicada_en IS NOT NULL AND borrada_en IS NULL"),
        ),
    )


class Novedad(Base):
    """One file that was found in Quipux and could not be included. `causa`: a key of archive.model.CAUSES. `ruta`: the place
    that the plan keeps for it in the payload. `pedida_por_id`: the last complement that looked for it;
    `recuperada_por_id`: the complement that brought it (decisions 20)."""

    __tablename__ = "novedad"
    id: Mapped[int] = mapped_column(primary_key=True)
    ejecucion_id: Mapped[int] = mapped_column(ForeignKey("ejecucion.id"), index=True)
    parte_numero: Mapped[int] = mapped_column(default=0)
    documento_codi: Mapped[str] = mapped_column(String(20))
    numero: Mapped[str] = mapped_column(String(60), default="")
    asunto: Mapped[str] = mapped_column(String(400), default="")
    archivo: Mapped[str] = mapped_column(String(250), default="")
    causa: Mapped[str] = mapped_column(String(20))
    ruta: Mapped[str] = mapped_column(String(200), default="")
    pedida_por_id: Mapped[int | None] = mapped_column(ForeignKey("ejecucion.id"))
    ruta_pedida: Mapped[str] = mapped_column(String(200), default="")
    recuperada_por_id: Mapped[int | None] = mapped_column(ForeignKey("ejecucion.id"))

    ejecucion: Mapped[Ejecucion] = relationship(back_populates="novedades", foreign_keys=[ejecucion_id])


class Descarga(Base):
    """What one person has received of one part: merged byte intervals [[first, last_exclusive], …]."""

    __tablename__ = "descarga"
    id: Mapped[int] = mapped_column(primary_key=True)
    parte_id: Mapped[int] = mapped_column(ForeignKey("parte.id"))
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    intervalos: Mapped[list] = mapped_column(JSON, default=list)
    primera_en: Mapped[datetime] = mapped_column(UTCDateTime)
    ultima_en: Mapped[datetime] = mapped_column(UTCDateTime)
    completa_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    direccion_ip: Mapped[str] = mapped_column(String(45), default="")

    parte: Mapped[Parte] = relationship(back_populates="descargas")
    usuario: Mapped[Usuario] = relationship()

    __table_args__ = (UniqueConstraint("parte_id", "usuario_id"),)


class Entrega(Base):
    """The handing over to the citizen: to whom, when, by whom (seed 000, "Notas importantes")."""

    __tablename__ = "entrega"
    id: Mapped[int] = mapped_column(primary_key=True)
    solicitud_id: Mapped[int] = mapped_column(ForeignKey("solicitud.id"), index=True)
    fecha: Mapped[date] = mapped_column(Date)
    recibe_nombre: Mapped[str] = mapped_column(String(200))
    recibe_cedula: Mapped[str] = mapped_column(String(20))
    medio: Mapped[str] = mapped_column(String(100), default="")
    observacion: Mapped[str] = mapped_column(Text, default="")
    registrada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    registrada_en: Mapped[datetime] = mapped_column(UTCDateTime)

    registrada_por: Mapped[Usuario] = relationship()


class CorreoEstado(StrEnum):
    PENDIENTE = "pendiente"
    ENVIADO = "enviado"
    DIFERIDO = "diferido"
    FALLIDO = "fallido"


class Correo(Base):
    """A mail is a row first: written with what it tells of, sent after the commit, sent again when it failed.
    `clave` makes a notice unique ("lista:123:ana@…"): sweeps may run twice."""

    __tablename__ = "correo"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    clave: Mapped[str] = mapped_column(String(200), unique=True)
    solicitud_id: Mapped[int | None] = mapped_column(ForeignKey("solicitud.id"), index=True)
    plantilla: Mapped[str] = mapped_column(String(60))
    para: Mapped[str] = mapped_column(String(300))
    copia: Mapped[str] = mapped_column(String(500), default="")
    responder_a: Mapped[str] = mapped_column(String(300), default="")
    asunto: Mapped[str] = mapped_column(String(300))
    texto: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    estado: Mapped[CorreoEstado] = mapped_column(Word(CorreoEstado), default=CorreoEstado.PENDIENTE)
    intentos: Mapped[int] = mapped_column(default=0)
    proximo_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str] = mapped_column(String(300), default="")
    creado_en: Mapped[datetime] = mapped_column(UTCDateTime)
    enviado_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_correo_estado", "estado", "proximo_en"),)


# --- The AIQs' own affairs (seeds 002 and 004) -------------------------------------------------------------------------


class Adjunto(Base):
    """An uploaded PDF, checked before it was kept (services.uploads). `firmas`: the signature report as it was then."""

    __tablename__ = "adjunto"
    id: Mapped[int] = mapped_column(primary_key=True)
    institucion_id: Mapped[int | None] = mapped_column(ForeignKey("institucion.id"), index=True)
    nombre: Mapped[str] = mapped_column(String(200))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    clave: Mapped[str] = mapped_column(String(200))
    paginas: Mapped[int] = mapped_column(default=0)
    firmas: Mapped[dict] = mapped_column(JSON, default=dict)
    subido_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    subido_en: Mapped[datetime] = mapped_column(UTCDateTime)

    subido_por: Mapped[Usuario] = relationship()


class Plantilla(Base):
    """A version of the *plantilla de seguimiento*: the checklist an AIQ works through. Published versions never change.
    `tipo`: "ambiente" (training environment) or "produccion" (parametrización after the production account)."""

    __tablename__ = "plantilla"
    id: Mapped[int] = mapped_column(primary_key=True)
    tipo: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    actividades: Mapped[list] = mapped_column(JSON)  # [{"titulo", "detalle"}]
    publicada_en: Mapped[datetime] = mapped_column(UTCDateTime)
    publicada_por_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))

    __table_args__ = (UniqueConstraint("tipo", "version"),)


class DatosAIQ:
    """The six data of an AIQ that both seeds ask for."""

    aiq_nombres: Mapped[str] = mapped_column(String(200), default="")
    aiq_cedula: Mapped[str] = mapped_column(String(20), default="")
    aiq_cargo: Mapped[str] = mapped_column(String(200), default="")
    aiq_correo: Mapped[str] = mapped_column(String(200), default="")
    aiq_telefono: Mapped[str] = mapped_column(String(60), default="")
    aiq_extension: Mapped[str] = mapped_column(String(20), default="")
    aiq_celular: Mapped[str] = mapped_column(String(60), default="")


class Plazo:
    """The clock of the ambiente de capacitación: one mechanism for both processes (services.plazos).

    `plazo_vence` is exclusive. While the SGE reviews, `plazo_congelado` holds since when: whole days of review do not
    count (decisions 10)."""

    plazo_desde: Mapped[datetime | None] = mapped_column(UTCDateTime)
    plazo_vence: Mapped[datetime | None] = mapped_column(UTCDateTime)
    plazo_congelado: Mapped[datetime | None] = mapped_column(UTCDateTime)
    vencida_en: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Implantacion(DatosAIQ, Plazo, Base):
    """Onboarding of an institution (seed 002). The institution's own data are kept here until it is in production."""

    __tablename__ = "implantacion"
    id: Mapped[int] = mapped_column(primary_key=True)
    estado: Mapped[Etapa] = mapped_column(Word(Etapa))
    version: Mapped[int] = mapped_column(default=1)
    institucion_id: Mapped[int | None] = mapped_column(ForeignKey("institucion.id"), index=True)
    nombre: Mapped[str] = mapped_column(String(200))
    ruc: Mapped[str] = mapped_column(String(14), default="")
    sigla: Mapped[str] = mapped_column(String(20), default="")
    telefono: Mapped[str] = mapped_column(String(60), default="")
    direccion: Mapped[str] = mapped_column(String(250), default="")
    oficio_numero: Mapped[str] = mapped_column(String(60), default="")
    oficio_recibido: Mapped[date | None] = mapped_column(Date)
    oficio_id: Mapped[int | None] = mapped_column(ForeignKey("adjunto.id"))
    usuario_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    plantilla_id: Mapped[int | None] = mapped_column(ForeignKey("plantilla.id"))
    observaciones: Mapped[str] = mapped_column(Text, default="")
    responsable_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    creada_en: Mapped[datetime] = mapped_column(UTCDateTime)
    produccion_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    responsabilidades_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    institucion: Mapped[Institucion | None] = relationship()
    oficio: Mapped[Adjunto | None] = relationship(foreign_keys=[oficio_id])
    usuario: Mapped[Usuario | None] = relationship(foreign_keys=[usuario_id])
    responsable: Mapped[Usuario] = relationship(foreign_keys=[responsable_id])
    eventos: Mapped[list[Evento]] = relationship(order_by="Evento.orden", viewonly=True)
    sesiones: Mapped[list[Sesion]] = relationship(
        order_by="Sesion.fecha, Sesion.id", viewonly=True, primaryjoin="and_(Sesion.implantacion_id == Implantacion.id, Sesion.retirada_en.is_(None))"
    )
    actividades: Mapped[list[Actividad]] = relationship(order_by="Actividad.orden", viewonly=True)


class CambioAIQ(DatosAIQ, Plazo, Base):
    """Change of an institution's principal AIQ (seed 004). `solicitante`: "autoridad" or "delegado".

    `hora_efectiva` is set at registration: the later of 00:00 of the requested date and the registration (decisions 4)."""

    __tablename__ = "cambio_aiq"
    id: Mapped[int] = mapped_column(primary_key=True)
    estado: Mapped[Paso] = mapped_column(Word(Paso))
    version: Mapped[int] = mapped_column(default=1)
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"), index=True)
    saliente_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    entrante_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    preparado_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    solicitante: Mapped[str] = mapped_column(String(20), default="")
    solicitante_nombre: Mapped[str] = mapped_column(String(200), default="")
    oficio_numero: Mapped[str] = mapped_column(String(60), default="")
    oficio_recibido: Mapped[date | None] = mapped_column(Date)
    oficio_id: Mapped[int | None] = mapped_column(ForeignKey("adjunto.id"))
    delegacion_id: Mapped[int | None] = mapped_column(ForeignKey("adjunto.id"))
    fecha_efectiva: Mapped[date | None] = mapped_column(Date)
    anticipacion_motivo: Mapped[str] = mapped_column(Text, default="")
    plantilla_id: Mapped[int | None] = mapped_column(ForeignKey("plantilla.id"))
    observaciones: Mapped[str] = mapped_column(Text, default="")
    creado_en: Mapped[datetime] = mapped_column(UTCDateTime)
    registrado_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    hora_efectiva: Mapped[datetime | None] = mapped_column(UTCDateTime)
    responsabilidades_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    institucion: Mapped[Institucion] = relationship()
    saliente: Mapped[Usuario | None] = relationship(foreign_keys=[saliente_id])
    entrante: Mapped[Usuario | None] = relationship(foreign_keys=[entrante_id])
    preparado_por: Mapped[Usuario] = relationship(foreign_keys=[preparado_por_id])
    oficio: Mapped[Adjunto | None] = relationship(foreign_keys=[oficio_id])
    delegacion: Mapped[Adjunto | None] = relationship(foreign_keys=[delegacion_id])
    eventos: Mapped[list[Evento]] = relationship(order_by="Evento.orden", viewonly=True)
    sesiones: Mapped[list[Sesion]] = relationship(
        order_by="Sesion.fecha, Sesion.id", viewonly=True, primaryjoin="and_(Sesion.cambio_id == CambioAIQ.id, Sesion.retirada_en.is_(None))"
    )
    actividades: Mapped[list[Actividad]] = relationship(order_by="Actividad.orden", viewonly=True)

    __table_args__ = (
        Index(
            "uq_cambio_aiq_uno_abierto",
            "institucion_id",
            unique=True,
            sqlite_where=text("estado NOT IN ('registrada', 'anulada')"),
            postgresql_where=text("estado NOT IN ('registrada', 'anulada')"),
        ),
    )


class DelProceso:
    """Belongs to exactly one implantación or one change of AIQ."""

    implantacion_id: Mapped[int | None] = mapped_column(ForeignKey("implantacion.id"), index=True)
    cambio_id: Mapped[int | None] = mapped_column(ForeignKey("cambio_aiq.id"), index=True)


class Sesion(DelProceso, Base):
    """One training session: hours of one subject on one day. Withdrawn (`retirada_en`) it counts no more, and its process does not list
    it among its `sesiones`; the Recorrido says why."""

    __tablename__ = "sesion"
    id: Mapped[int] = mapped_column(primary_key=True)
    fecha: Mapped[date] = mapped_column(Date)
    materia: Mapped[Materia] = mapped_column(Word(Materia))
    horas: Mapped[float]
    capacitador: Mapped[str] = mapped_column(String(200))
    registrada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    retirada_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("(implantacion_id IS NULL) <> (cambio_id IS NULL)", name="uno"),)


class Actividad(DelProceso, Base):
    """One line of a checklist as it was when it was sent, and how it was fulfilled. `lista`: "ambiente" or "produccion"."""

    __tablename__ = "actividad"
    id: Mapped[int] = mapped_column(primary_key=True)
    lista: Mapped[str] = mapped_column(String(20))
    orden: Mapped[int]
    titulo: Mapped[str] = mapped_column(String(200))
    detalle: Mapped[str] = mapped_column(Text, default="")
    nota: Mapped[str] = mapped_column(Text, default="")
    evidencia_id: Mapped[int | None] = mapped_column(ForeignKey("adjunto.id"))
    hecha_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    hecha_por_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))

    evidencia: Mapped[Adjunto | None] = relationship()
    hecha_por: Mapped[Usuario | None] = relationship()

    __table_args__ = (CheckConstraint("(implantacion_id IS NULL) <> (cambio_id IS NULL)", name="uno"),)


class Orientacion(Base):
    """An institution outside the Administración Pública Central was shown its two options; nothing else is kept (seed 002)."""

    __tablename__ = "orientacion"
    id: Mapped[int] = mapped_column(primary_key=True)
    institucion: Mapped[str] = mapped_column(String(200))
    contacto: Mapped[str] = mapped_column(String(200), default="")
    registrada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    en: Mapped[datetime] = mapped_column(UTCDateTime)

    registrada_por: Mapped[Usuario] = relationship()


class Aviso(Base):
    """A notice on the home page: of the SGE to all AIQs (institución empty), or of an AIQ to the institution's users."""

    __tablename__ = "aviso"
    id: Mapped[int] = mapped_column(primary_key=True)
    institucion_id: Mapped[int | None] = mapped_column(ForeignKey("institucion.id"), index=True)
    titulo: Mapped[str] = mapped_column(String(150))
    texto: Mapped[str] = mapped_column(Text)
    desde: Mapped[date] = mapped_column(Date)
    hasta: Mapped[date] = mapped_column(Date)
    autor_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    creado_en: Mapped[datetime] = mapped_column(UTCDateTime)
    retirado_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    autor: Mapped[Usuario] = relationship()

    __table_args__ = (CheckConstraint("desde <= hasta", name="orden"),)


class Procedimiento(Base):
    """An internal procedure of an institution: one row a version, the newest is in force (seed 002, ninth responsibility)."""

    __tablename__ = "procedimiento"
    id: Mapped[int] = mapped_column(primary_key=True)
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"))
    titulo: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    adjunto_id: Mapped[int] = mapped_column(ForeignKey("adjunto.id"))
    aprobado_por: Mapped[str] = mapped_column(String(200))
    aprobado_en: Mapped[date] = mapped_column(Date)
    publicado_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    publicado_en: Mapped[datetime] = mapped_column(UTCDateTime)

    adjunto: Mapped[Adjunto] = relationship()
    publicado_por: Mapped[Usuario] = relationship()

    __table_args__ = (UniqueConstraint("institucion_id", "titulo", "version"),)


class CapacitacionInterna(Base):
    """Whom an AIQ trained, when, in what (seed 002, second responsibility)."""

    __tablename__ = "capacitacion_interna"
    id: Mapped[int] = mapped_column(primary_key=True)
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"), index=True)
    fecha: Mapped[date] = mapped_column(Date)
    tema: Mapped[str] = mapped_column(String(200))
    horas: Mapped[float]
    participantes: Mapped[str] = mapped_column(Text)
    registrada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    registrada_en: Mapped[datetime] = mapped_column(UTCDateTime)

    registrada_por: Mapped[Usuario] = relationship()


class Escalamiento(Base):
    """A difficulty that first-level support could not solve, sent to the Mesa de Servicios (seed 002, eighth responsibility)."""

    __tablename__ = "escalamiento"
    id: Mapped[int] = mapped_column(primary_key=True)
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"), index=True)
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    asunto: Mapped[str] = mapped_column(String(200))
    detalle: Mapped[str] = mapped_column(Text)
    primer_nivel: Mapped[str] = mapped_column(Text)
    en: Mapped[datetime] = mapped_column(UTCDateTime)

    usuario: Mapped[Usuario] = relationship()


class AccesoAccion(StrEnum):
    DAR = "dar"
    QUITAR = "quitar"
    DEVOLVER = "devolver"
    RESTABLECER = "restablecer"


class AccesoEvento(Base):
    """Who gave, took, gave back or reset a person's access to this site, and in the name of which institution. Rows are
    only ever inserted (services.accesses)."""

    __tablename__ = "acceso_evento"
    id: Mapped[int] = mapped_column(primary_key=True)
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"), index=True)
    institucion_id: Mapped[int] = mapped_column(ForeignKey("institucion.id"))
    accion: Mapped[AccesoAccion] = mapped_column(Word(AccesoAccion))
    actor_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    en: Mapped[datetime] = mapped_column(UTCDateTime)
    comentario: Mapped[str] = mapped_column(Text, default="")

    usuario: Mapped[Usuario] = relationship(foreign_keys=[usuario_id])
    actor: Mapped[Usuario] = relationship(foreign_keys=[actor_id])
    institucion: Mapped[Institucion] = relationship()


class Apertura(Base):
    """An officer has, or had, a request on the desk. `hasta`: the last sign of it; `desde`: since when without a break."""

    __tablename__ = "apertura"
    solicitud_id: Mapped[int] = mapped_column(ForeignKey("solicitud.id"), primary_key=True)
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"), primary_key=True)
    desde: Mapped[datetime] = mapped_column(UTCDateTime)
    hasta: Mapped[datetime] = mapped_column(UTCDateTime)

    usuario: Mapped[Usuario] = relationship()


class Lote(Base):
    """A bulk approval that an officer confirmed: what was to happen to each request, and what happened.

    `clave` comes from the page that was confirmed: confirmed twice, it is the same Lote. `filtro`: the filter in words."""

    __tablename__ = "lote"
    id: Mapped[int] = mapped_column(primary_key=True)
    clave: Mapped[str] = mapped_column(String(64), unique=True)
    creado_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    creado_en: Mapped[datetime] = mapped_column(UTCDateTime)
    filtro: Mapped[str] = mapped_column(String(400), default="")
    volver: Mapped[str] = mapped_column(String(800), default="")
    terminado_en: Mapped[datetime | None] = mapped_column(UTCDateTime)

    creado_por: Mapped[Usuario] = relationship()
    filas: Mapped[list[LoteFila]] = relationship(back_populates="lote", order_by="LoteFila.orden")

    __table_args__ = (Index("ix_lote_terminado", "terminado_en"),)


class LoteResultado(StrEnum):
    PENDIENTE = "pendiente"
    APROBADA = "aprobada"
    NO_APROBADA = "no_aprobada"


class LoteFila(Base):
    """One request of a Lote. version, fecha: as the officer confirmed them. fecha_final: the day it really got."""

    __tablename__ = "lote_fila"
    id: Mapped[int] = mapped_column(primary_key=True)
    lote_id: Mapped[int] = mapped_column(ForeignKey("lote.id"))
    orden: Mapped[int]
    solicitud_id: Mapped[int] = mapped_column(ForeignKey("solicitud.id"))
    version: Mapped[int]
    fecha: Mapped[date] = mapped_column(Date)
    resultado: Mapped[LoteResultado] = mapped_column(Word(LoteResultado), default=LoteResultado.PENDIENTE)
    fecha_final: Mapped[date | None] = mapped_column(Date)
    detalle: Mapped[str] = mapped_column(Text, default="")

    lote: Mapped[Lote] = relationship(back_populates="filas")
    solicitud: Mapped[Solicitud] = relationship()

    __table_args__ = (UniqueConstraint("lote_id", "orden"), UniqueConstraint("lote_id", "solicitud_id"))


class Feriado(Base):
    """A day off, with the date it commemorates (they differ when the day was moved)."""

    __tablename__ = "feriado"
    fecha: Mapped[date] = mapped_column(Date, primary_key=True)
    nombre: Mapped[str] = mapped_column(String(120))
    original: Mapped[date | None] = mapped_column(Date)
    decreto: Mapped[str] = mapped_column(String(120), default="")


class FeriadoLocal(Base):
    """A feriado of one place (a canton, a province): shown to the SGE, never a day off for the production."""

    __tablename__ = "feriado_local"
    id: Mapped[int] = mapped_column(primary_key=True)
    fecha: Mapped[date] = mapped_column(Date, index=True)
    nombre: Mapped[str] = mapped_column(String(120))
    lugar: Mapped[str] = mapped_column(String(120))
    decreto: Mapped[str] = mapped_column(String(120), default="")


class AnioFeriados(Base):
    """A year whose days off an officer has confirmed. Null officer: the demo."""

    __tablename__ = "anio_feriados"
    anio: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    confirmado_en: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmado_por_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))

    confirmado_por: Mapped[Usuario | None] = relationship()


class PeriodoAltaDemanda(Base):
    """A time in which execution takes longer (seed 000: inicio/fin de año, transición de Gobierno …). capacidad: per cent of
    the usual one; reserva: per cent of each day kept for institutions with hardly anything on it. No two share a day
    (services.periods)."""

    __tablename__ = "periodo_alta_demanda"
    id: Mapped[int] = mapped_column(primary_key=True)
    nombre: Mapped[str] = mapped_column(String(120))
    desde: Mapped[date] = mapped_column(Date)
    hasta: Mapped[date] = mapped_column(Date)
    dias_extra: Mapped[int]
    capacidad: Mapped[int] = mapped_column(default=100, server_default="100")
    reserva: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (CheckConstraint("desde <= hasta", name="orden"),)


class PausaProduccion(Base):
    """Production was paused, by whom and why, until when and by whom it was resumed. Rows are the trail of who did it: they
    are never deleted. `apartadas`: runs that were set aside and go on by themselves afterwards. At most one is `vigente`."""

    __tablename__ = "pausa_produccion"
    id: Mapped[int] = mapped_column(primary_key=True)
    vigente: Mapped[bool] = mapped_column(default=True)
    desde: Mapped[datetime] = mapped_column(UTCDateTime)
    ordenada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    motivo: Mapped[str] = mapped_column(Text)
    apartadas: Mapped[int] = mapped_column(default=0)
    hasta: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reanudada_por_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))

    ordenada_por: Mapped[Usuario] = relationship(foreign_keys=[ordenada_por_id])
    reanudada_por: Mapped[Usuario | None] = relationship(foreign_keys=[reanudada_por_id])

    __table_args__ = (
        Index(
            "uq_pausa_produccion_vigente", "vigente", unique=True, sqlite_where=text("vigente"), postgresql_where=text("vigente")
        ),
        CheckConstraint("(hasta IS NULL) = vigente", name="vigente"),
    )


class ResumenDia(Base):
    """What happened on one closed day of Guayaquil, counted once so that the board need not count a million rows
    (services.board_summary). One row for every day since the first request, also for those on which nothing happened.

    solicitudes: sent for the first time (by Fecha Solicitud). generadas, bytes: archives finished and what they hold.
    esperas: {day of approval (ISO): archives finished}: working days are counted when read, by the feriados of then."""

    __tablename__ = "resumen_dia"
    dia: Mapped[date] = mapped_column(Date, primary_key=True)
    solicitudes: Mapped[int] = mapped_column(default=0)
    generadas: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    esperas: Mapped[dict] = mapped_column(JSON, default=dict)


class Capacidad(Base):
    """What one day can produce from `desde` on, until the next row's date. cuota: per cent of the day that one institution
    may take. Before the first row the installation's settings hold (services.schedule)."""

    __tablename__ = "capacidad"
    desde: Mapped[date] = mapped_column(Date, primary_key=True)
    documentos: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    cuota: Mapped[int]
    motivo: Mapped[str] = mapped_column(Text, default="")
    registrada_por_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    registrada_en: Mapped[datetime] = mapped_column(UTCDateTime)

    registrada_por: Mapped[Usuario] = relationship()

    __table_args__ = (CheckConstraint("documentos > 0 AND bytes > 0 AND cuota BETWEEN 1 AND 100", name="positiva"),)


class CalendarioEvento(Base):
    """One change of the calendar's own tables. tema: "feriados", "periodos" or "capacidad"; texto says what changed. Rows are
    only ever inserted (services.calendar_log). Null actor: Sistema."""

    __tablename__ = "calendario_evento"
    id: Mapped[int] = mapped_column(primary_key=True)
    en: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("usuario.id"))
    tema: Mapped[str] = mapped_column(String(20))
    anio: Mapped[int | None]
    texto: Mapped[str] = mapped_column(Text)
    motivo: Mapped[str] = mapped_column(Text, default="")

    actor: Mapped[Usuario | None] = relationship()

    __table_args__ = (Index("ix_calendario_evento_tema", "tema", "anio", "id"),)


class Barrido(Base):
    """One run of a sweep: the unique row (nombre, turno) is what keeps two clocks from running it twice."""

    __tablename__ = "barrido"
    id: Mapped[int] = mapped_column(primary_key=True)
    nombre: Mapped[str] = mapped_column(String(40))
    turno: Mapped[str] = mapped_column(String(40))
    iniciado_en: Mapped[datetime] = mapped_column(UTCDateTime)
    terminado_en: Mapped[datetime | None] = mapped_column(UTCDateTime)
    hechos: Mapped[int] = mapped_column(default=0)
    fallidos: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("nombre", "turno"),)


class VistaGuardada(Base):
    """Filters of a list that a person keeps under a name. `pagina`: which list; `consulta`: its query string."""

    __tablename__ = "vista_guardada"
    id: Mapped[int] = mapped_column(primary_key=True)
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuario.id"))
    pagina: Mapped[str] = mapped_column(String(40))
    nombre: Mapped[str] = mapped_column(String(80))
    consulta: Mapped[str] = mapped_column(String(2000))
    creada_en: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("usuario_id", "pagina", "nombre"),)


class Espejo(Base):
    """What is copied from Quipux ("cuentas", "peticiones") and when it was last complete; no row: never yet."""

    __tablename__ = "espejo"
    nombre: Mapped[str] = mapped_column(String(40), primary_key=True)
    completo_en: Mapped[datetime] = mapped_column(UTCDateTime)


class BloqueEspejo(Base):
    """The digest of a block of accounts as it was when it was last copied: equal digest, nothing to read."""

    __tablename__ = "bloque_espejo"
    numero: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    huella: Mapped[str] = mapped_column(String(64))


class Peticion(Base):
    """A public document of an institution's counter of the last 24 months, copied for search as one types (docs/adr/0012).
    Nothing is decided by it: a choice is read from Quipux again. Only services.petition_index writes it."""

    __tablename__ = "peticion"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    quipux_codi: Mapped[str] = mapped_column(String(20), unique=True)
    inst_codi: Mapped[str] = mapped_column(String(20))
    numero: Mapped[str] = mapped_column(String(60))
    fecha: Mapped[datetime] = mapped_column(UTCDateTime)
    asunto: Mapped[str] = mapped_column(String(400))
    remitente: Mapped[str] = mapped_column(String(400))
    remitente_cedula: Mapped[str] = mapped_column(String(20))
    con_archivo: Mapped[bool]
    # Folded words of number, subject and sender, each after a blank, and the mark "__i<inst_codi>".
    busqueda: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_peticion_recientes", "inst_codi", "fecha", "id"),)


class MarcaPeticion(Base):
    """Up to which document the counter's register of one area and year (ten digits) was copied."""

    __tablename__ = "marca_peticion"
    prefijo: Mapped[str] = mapped_column(String(10), primary_key=True)
    ultimo: Mapped[str] = mapped_column(String(20))


class Latido(Base):
    """Last sign of life of a process ("clock", "worker:<name>"): /salud reads it."""

    __tablename__ = "latido"
    nombre: Mapped[str] = mapped_column(String(120), primary_key=True)
    en: Mapped[datetime] = mapped_column(UTCDateTime)


__all__ = ["db"] + [name for name, value in list(globals().items()) if isinstance(value, type) and issubclass(value, Base)]


# Of the word index on PostgreSQL (services.word_index, revisions 0009 and 0012), for tables made without the migrations.
BEGINNINGS = """
CREATE OR REPLACE FUNCTION comienzos(texto text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT COST 100 AS $$
SELECT array_agg(CASE WHEN starts_with(w, '__') THEN w ELSE left(w, n) END)
FROM unnest(string_to_array(btrim(texto), ' ')) AS w, generate_series(2, 6) AS n
WHERE n <= length(w) AND (n = 2 OR NOT starts_with(w, '__'))
$$
"""
event.listen(Base.metadata, "before_create", DDL(BEGINNINGS).execute_if(dialect="postgresql"))
