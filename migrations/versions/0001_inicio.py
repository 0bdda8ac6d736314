"""inicio

Revision ID: 0001
Revises: 


"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('barrido',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('nombre', sa.String(length=40), nullable=False),
    sa.Column('turno', sa.String(length=40), nullable=False),
    sa.Column('iniciado_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('terminado_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hechos', sa.Integer(), nullable=False),
    sa.Column('fallidos', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_barrido')),
    sa.UniqueConstraint('nombre', 'turno', name=op.f('uq_barrido_nombre_turno'))
    )
    op.create_table('feriado',
    sa.Column('fecha', sa.Date(), nullable=False),
    sa.Column('nombre', sa.String(length=120), nullable=False),
    sa.Column('original', sa.Date(), nullable=True),
    sa.Column('decreto', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('fecha', name=op.f('pk_feriado'))
    )
    op.create_table('institucion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('quipux_codi', sa.String(length=20), nullable=True),
    sa.Column('ruc', sa.String(length=14), nullable=False),
    sa.Column('nombre', sa.String(length=200), nullable=False),
    sa.Column('sigla', sa.String(length=20), nullable=False),
    sa.Column('telefono', sa.String(length=60), nullable=False),
    sa.Column('direccion', sa.String(length=250), nullable=False),
    sa.Column('correo', sa.String(length=120), nullable=False),
    sa.Column('activa', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_institucion')),
    sa.UniqueConstraint('quipux_codi', name=op.f('uq_institucion_quipux_codi'))
    )
    op.create_table('intento_ingreso',
    sa.Column('clave', sa.String(length=64), nullable=False),
    sa.Column('fallidos', sa.Integer(), nullable=False),
    sa.Column('bloqueado_hasta', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('clave', name=op.f('pk_intento_ingreso'))
    )
    op.create_table('latido',
    sa.Column('nombre', sa.String(length=120), nullable=False),
    sa.Column('en', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('nombre', name=op.f('pk_latido'))
    )
    op.create_table('periodo_alta_demanda',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('nombre', sa.String(length=120), nullable=False),
    sa.Column('desde', sa.Date(), nullable=False),
    sa.Column('hasta', sa.Date(), nullable=False),
    sa.Column('dias_extra', sa.Integer(), nullable=False),
    sa.CheckConstraint('desde <= hasta', name=op.f('ck_periodo_alta_demanda_orden')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_periodo_alta_demanda'))
    )
    op.create_table('usuario',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('cedula', sa.String(length=20), nullable=False),
    sa.Column('correo', sa.String(length=200), nullable=False),
    sa.Column('nombre', sa.String(length=200), nullable=False),
    sa.Column('apellido', sa.String(length=200), nullable=False),
    sa.Column('clave_hash', sa.String(length=200), nullable=True),
    sa.Column('habilitado', sa.Boolean(), nullable=False),
    sa.Column('sesion', sa.Integer(), nullable=False),
    sa.Column('ultimo_ingreso', sa.DateTime(timezone=True), nullable=True),
    sa.Column('creado', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usuario')),
    sa.UniqueConstraint('cedula', name=op.f('uq_usuario_cedula')),
    sa.UniqueConstraint('correo', name=op.f('uq_usuario_correo'))
    )
    op.create_table('area',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('quipux_codi', sa.String(length=20), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('nombre', sa.String(length=200), nullable=False),
    sa.Column('sigla', sa.String(length=100), nullable=False),
    sa.Column('padre_codi', sa.String(length=20), nullable=True),
    sa.Column('activa', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_area_institucion_id_institucion')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area')),
    sa.UniqueConstraint('quipux_codi', name=op.f('uq_area_quipux_codi'))
    )
    with op.batch_alter_table('area', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_area_institucion_id'), ['institucion_id'], unique=False)

    op.create_table('cuenta',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('quipux_codi', sa.String(length=20), nullable=False),
    sa.Column('cedula', sa.String(length=20), nullable=False),
    sa.Column('nombre', sa.String(length=200), nullable=False),
    sa.Column('apellido', sa.String(length=200), nullable=False),
    sa.Column('titulo', sa.String(length=100), nullable=False),
    sa.Column('puesto', sa.String(length=200), nullable=False),
    sa.Column('perfil', sa.String(length=20), nullable=False),
    sa.Column('area', sa.String(length=200), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('correos', sa.String(length=500), nullable=False),
    sa.Column('activa', sa.Boolean(), nullable=False),
    sa.Column('inactiva_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ausente_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('busqueda', sa.Text(), nullable=False),
    sa.Column('apellido_plegado', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_cuenta_institucion_id_institucion')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cuenta')),
    sa.UniqueConstraint('quipux_codi', name=op.f('uq_cuenta_quipux_codi'))
    )
    with op.batch_alter_table('cuenta', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cuenta_cedula'), ['cedula'], unique=False)
        batch_op.create_index('ix_cuenta_institucion_activa', ['institucion_id', 'activa', 'apellido_plegado', 'id'], unique=False)

    op.create_table('nombramiento',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('usuario_id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=True),
    sa.Column('cargo', sa.String(length=40), nullable=False),
    sa.Column('desde', sa.DateTime(timezone=True), nullable=False),
    sa.Column('hasta', sa.DateTime(timezone=True), nullable=True),
    sa.Column('documento', sa.String(length=200), nullable=False),
    sa.CheckConstraint("(institucion_id IS NULL) = (cargo IN ('sge_operador', 'sge_admin'))", name=op.f('ck_nombramiento_lugar')),
    sa.CheckConstraint('hasta IS NULL OR hasta > desde', name=op.f('ck_nombramiento_orden')),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_nombramiento_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['usuario_id'], ['usuario.id'], name=op.f('fk_nombramiento_usuario_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_nombramiento'))
    )
    with op.batch_alter_table('nombramiento', schema=None) as batch_op:
        batch_op.create_index('ix_nombramiento_institucion', ['institucion_id', 'cargo'], unique=False)
        batch_op.create_index(batch_op.f('ix_nombramiento_usuario_id'), ['usuario_id'], unique=False)
        batch_op.create_index('uq_nombramiento_principal_vigente', ['institucion_id'], unique=True, sqlite_where=sa.text("cargo = 'aiq_principal' AND hasta IS NULL"), postgresql_where=sa.text("cargo = 'aiq_principal' AND hasta IS NULL"))

    op.create_table('solicitud',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clase', sa.String(length=40), nullable=False),
    sa.Column('estado', sa.String(length=40), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('cuenta_id', sa.Integer(), nullable=False),
    sa.Column('creada_por_id', sa.Integer(), nullable=False),
    sa.Column('fecha_solicitud', sa.DateTime(timezone=True), nullable=False),
    sa.Column('editada_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('editada_por_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('desde', sa.Date(), nullable=True),
    sa.Column('hasta', sa.Date(), nullable=True),
    sa.Column('comentario', sa.Text(), nullable=False),
    sa.Column('persona_cedula', sa.String(length=20), nullable=False),
    sa.Column('persona_nombre', sa.String(length=200), nullable=False),
    sa.Column('persona_apellido', sa.String(length=200), nullable=False),
    sa.Column('persona_puesto', sa.String(length=200), nullable=False),
    sa.Column('persona_perfil', sa.String(length=20), nullable=False),
    sa.Column('persona_area', sa.String(length=200), nullable=False),
    sa.Column('busqueda', sa.Text(), nullable=False),
    sa.Column('apellido_plegado', sa.String(length=400), nullable=False),
    sa.Column('documento_codi', sa.String(length=20), nullable=True),
    sa.Column('documento_numero', sa.String(length=60), nullable=False),
    sa.Column('documento_fecha', sa.DateTime(timezone=True), nullable=True),
    sa.Column('documento_asunto', sa.String(length=400), nullable=False),
    sa.Column('documento_remitente', sa.String(length=400), nullable=False),
    sa.Column('documento_remitente_cedula', sa.String(length=20), nullable=False),
    sa.Column('documento_sha256', sa.String(length=64), nullable=False),
    sa.Column('documento_clave', sa.String(length=200), nullable=False),
    sa.Column('documento_paginas', sa.Integer(), nullable=True),
    sa.Column('estimado_documentos', sa.Integer(), nullable=True),
    sa.Column('estimado_bytes', sa.BigInteger(), nullable=True),
    sa.Column('enviada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('enviada_por_id', sa.Integer(), nullable=True),
    sa.Column('devuelta_por', sa.Text(), nullable=False),
    sa.Column('aprobada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('aprobada_por_id', sa.Integer(), nullable=True),
    sa.Column('fecha_tentativa', sa.Date(), nullable=True),
    sa.Column('ejecutar_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fuera_de_plazo', sa.Boolean(), nullable=False),
    sa.Column('incluir_reservados', sa.Boolean(), nullable=False),
    sa.Column('generada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('vigente_hasta', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ampliada', sa.Boolean(), nullable=False),
    sa.Column('eliminada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('motivo', sa.String(length=40), nullable=True),
    sa.Column('purgar_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('purgada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('oculta', sa.Boolean(), nullable=False),
    sa.Column('renueva_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("(estado = 'eliminada') = (motivo IS NOT NULL)", name=op.f('ck_solicitud_motivo')),
    sa.CheckConstraint('desde IS NULL OR hasta IS NULL OR desde <= hasta', name=op.f('ck_solicitud_rango')),
    sa.ForeignKeyConstraint(['aprobada_por_id'], ['usuario.id'], name=op.f('fk_solicitud_aprobada_por_id_usuario')),
    sa.ForeignKeyConstraint(['creada_por_id'], ['usuario.id'], name=op.f('fk_solicitud_creada_por_id_usuario')),
    sa.ForeignKeyConstraint(['cuenta_id'], ['cuenta.id'], name=op.f('fk_solicitud_cuenta_id_cuenta')),
    sa.ForeignKeyConstraint(['editada_por_id'], ['usuario.id'], name=op.f('fk_solicitud_editada_por_id_usuario')),
    sa.ForeignKeyConstraint(['enviada_por_id'], ['usuario.id'], name=op.f('fk_solicitud_enviada_por_id_usuario')),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_solicitud_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['renueva_id'], ['solicitud.id'], name=op.f('fk_solicitud_renueva_id_solicitud')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_solicitud')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('solicitud', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_solicitud_cuenta_id'), ['cuenta_id'], unique=False)
        batch_op.create_index('ix_solicitud_estado', ['estado', 'ejecutar_desde'], unique=False)
        batch_op.create_index('ix_solicitud_estado_vigencia', ['estado', 'vigente_hasta'], unique=False)
        batch_op.create_index('ix_solicitud_fecha', ['fecha_solicitud', 'id'], unique=False)
        batch_op.create_index('ix_solicitud_institucion_fecha', ['institucion_id', 'fecha_solicitud', 'id'], unique=False)
        batch_op.create_index('ix_solicitud_purgar', ['purgar_desde'], unique=False)

    op.create_table('correo',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clave', sa.String(length=200), nullable=False),
    sa.Column('solicitud_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plantilla', sa.String(length=60), nullable=False),
    sa.Column('para', sa.String(length=300), nullable=False),
    sa.Column('copia', sa.String(length=500), nullable=False),
    sa.Column('responder_a', sa.String(length=300), nullable=False),
    sa.Column('asunto', sa.String(length=300), nullable=False),
    sa.Column('texto', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=False),
    sa.Column('estado', sa.String(length=40), nullable=False),
    sa.Column('intentos', sa.Integer(), nullable=False),
    sa.Column('proximo_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.String(length=300), nullable=False),
    sa.Column('creado_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('enviado_en', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['solicitud_id'], ['solicitud.id'], name=op.f('fk_correo_solicitud_id_solicitud')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correo')),
    sa.UniqueConstraint('clave', name=op.f('uq_correo_clave'))
    )
    with op.batch_alter_table('correo', schema=None) as batch_op:
        batch_op.create_index('ix_correo_estado', ['estado', 'proximo_en'], unique=False)
        batch_op.create_index(batch_op.f('ix_correo_solicitud_id'), ['solicitud_id'], unique=False)

    op.create_table('ejecucion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('solicitud_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complemento', sa.String(length=10), nullable=False),
    sa.Column('estado', sa.String(length=40), nullable=False),
    sa.Column('intento', sa.Integer(), nullable=False),
    sa.Column('fallos', sa.Integer(), nullable=False),
    sa.Column('arrendada_hasta', sa.DateTime(timezone=True), nullable=True),
    sa.Column('trabajador', sa.String(length=120), nullable=False),
    sa.Column('latido', sa.DateTime(timezone=True), nullable=True),
    sa.Column('espera', sa.String(length=20), nullable=False),
    sa.Column('espera_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('detencion', sa.String(length=20), nullable=False),
    sa.Column('continuar', sa.Boolean(), nullable=False),
    sa.Column('etapa', sa.String(length=20), nullable=False),
    sa.Column('plan_clave', sa.String(length=200), nullable=False),
    sa.Column('plan_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('encontrados', sa.Integer(), nullable=False),
    sa.Column('incluidos', sa.Integer(), nullable=False),
    sa.Column('con_novedad', sa.Integer(), nullable=False),
    sa.Column('excluidos', sa.Integer(), nullable=False),
    sa.Column('recibidos', sa.Integer(), nullable=False),
    sa.Column('enviados', sa.Integer(), nullable=False),
    sa.Column('bytes_total', sa.BigInteger(), nullable=False),
    sa.Column('documentos_hechos', sa.Integer(), nullable=False),
    sa.Column('bytes_hechos', sa.BigInteger(), nullable=False),
    sa.Column('creada_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('iniciada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('terminada_en', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['solicitud_id'], ['solicitud.id'], name=op.f('fk_ejecucion_solicitud_id_solicitud')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ejecucion'))
    )
    with op.batch_alter_table('ejecucion', schema=None) as batch_op:
        batch_op.create_index('ix_ejecucion_estado', ['estado', 'arrendada_hasta'], unique=False)
        batch_op.create_index(batch_op.f('ix_ejecucion_solicitud_id'), ['solicitud_id'], unique=False)
        batch_op.create_index('uq_ejecucion_una_viva', ['solicitud_id'], unique=True, sqlite_where=sa.text("estado IN ('pendiente', 'en_curso', 'detenida')"), postgresql_where=sa.text("estado IN ('pendiente', 'en_curso', 'detenida')"))

    op.create_table('entrega',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('solicitud_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fecha', sa.Date(), nullable=False),
    sa.Column('recibe_nombre', sa.String(length=200), nullable=False),
    sa.Column('recibe_cedula', sa.String(length=20), nullable=False),
    sa.Column('medio', sa.String(length=100), nullable=False),
    sa.Column('observacion', sa.Text(), nullable=False),
    sa.Column('registrada_por_id', sa.Integer(), nullable=False),
    sa.Column('registrada_en', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['registrada_por_id'], ['usuario.id'], name=op.f('fk_entrega_registrada_por_id_usuario')),
    sa.ForeignKeyConstraint(['solicitud_id'], ['solicitud.id'], name=op.f('fk_entrega_solicitud_id_solicitud')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entrega'))
    )
    with op.batch_alter_table('entrega', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_entrega_solicitud_id'), ['solicitud_id'], unique=False)

    op.create_table('evento',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('solicitud_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('orden', sa.Integer(), nullable=False),
    sa.Column('en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('accion', sa.String(length=40), nullable=False),
    sa.Column('estado', sa.String(length=40), nullable=False),
    sa.Column('comentario', sa.Text(), nullable=False),
    sa.Column('datos', sa.JSON(), nullable=False),
    sa.Column('previo', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['usuario.id'], name=op.f('fk_evento_actor_id_usuario')),
    sa.ForeignKeyConstraint(['solicitud_id'], ['solicitud.id'], name=op.f('fk_evento_solicitud_id_solicitud')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evento')),
    sa.UniqueConstraint('solicitud_id', 'orden', name=op.f('uq_evento_solicitud_id_orden'))
    )
    with op.batch_alter_table('evento', schema=None) as batch_op:
        batch_op.create_index('ix_evento_en', ['en'], unique=False)

    op.create_table('novedad',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ejecucion_id', sa.Integer(), nullable=False),
    sa.Column('parte_numero', sa.Integer(), nullable=False),
    sa.Column('documento_codi', sa.String(length=20), nullable=False),
    sa.Column('numero', sa.String(length=60), nullable=False),
    sa.Column('asunto', sa.String(length=400), nullable=False),
    sa.Column('archivo', sa.String(length=250), nullable=False),
    sa.Column('causa', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['ejecucion_id'], ['ejecucion.id'], name=op.f('fk_novedad_ejecucion_id_ejecucion')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_novedad'))
    )
    with op.batch_alter_table('novedad', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_novedad_ejecucion_id'), ['ejecucion_id'], unique=False)

    op.create_table('parte',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ejecucion_id', sa.Integer(), nullable=False),
    sa.Column('numero', sa.Integer(), nullable=False),
    sa.Column('tipo', sa.String(length=40), nullable=False),
    sa.Column('nombre', sa.String(length=120), nullable=False),
    sa.Column('nombre_independiente', sa.String(length=120), nullable=False),
    sa.Column('clave', sa.String(length=200), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('documentos', sa.Integer(), nullable=False),
    sa.Column('entradas', sa.Integer(), nullable=False),
    sa.Column('bytes_planeados', sa.BigInteger(), nullable=False),
    sa.Column('publicada_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('borrada_en', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['ejecucion_id'], ['ejecucion.id'], name=op.f('fk_parte_ejecucion_id_ejecucion')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parte')),
    sa.UniqueConstraint('ejecucion_id', 'numero', name=op.f('uq_parte_ejecucion_id_numero'))
    )
    op.create_table('descarga',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('parte_id', sa.Integer(), nullable=False),
    sa.Column('usuario_id', sa.Integer(), nullable=False),
    sa.Column('intervalos', sa.JSON(), nullable=False),
    sa.Column('primera_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ultima_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completa_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('direccion_ip', sa.String(length=45), nullable=False),
    sa.ForeignKeyConstraint(['parte_id'], ['parte.id'], name=op.f('fk_descarga_parte_id_parte')),
    sa.ForeignKeyConstraint(['usuario_id'], ['usuario.id'], name=op.f('fk_descarga_usuario_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_descarga')),
    sa.UniqueConstraint('parte_id', 'usuario_id', name=op.f('uq_descarga_parte_id_usuario_id'))
    )


def downgrade():
    op.drop_table('descarga')
    op.drop_table('parte')
    with op.batch_alter_table('novedad', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_novedad_ejecucion_id'))

    op.drop_table('novedad')
    with op.batch_alter_table('evento', schema=None) as batch_op:
        batch_op.drop_index('ix_evento_en')

    op.drop_table('evento')
    with op.batch_alter_table('entrega', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_entrega_solicitud_id'))

    op.drop_table('entrega')
    with op.batch_alter_table('ejecucion', schema=None) as batch_op:
        batch_op.drop_index('uq_ejecucion_una_viva', sqlite_where=sa.text("estado IN ('pendiente', 'en_curso', 'detenida')"), postgresql_where=sa.text("estado IN ('pendiente', 'en_curso', 'detenida')"))
        batch_op.drop_index(batch_op.f('ix_ejecucion_solicitud_id'))
        batch_op.drop_index('ix_ejecucion_estado')

    op.drop_table('ejecucion')
    with op.batch_alter_table('correo', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_correo_solicitud_id'))
        batch_op.drop_index('ix_correo_estado')

    op.drop_table('correo')
    with op.batch_alter_table('solicitud', schema=None) as batch_op:
        batch_op.drop_index('ix_solicitud_purgar')
        batch_op.drop_index('ix_solicitud_institucion_fecha')
        batch_op.drop_index('ix_solicitud_fecha')
        batch_op.drop_index('ix_solicitud_estado_vigencia')
        batch_op.drop_index('ix_solicitud_estado')
        batch_op.drop_index(batch_op.f('ix_solicitud_cuenta_id'))

    op.drop_table('solicitud')
    with op.batch_alter_table('nombramiento', schema=None) as batch_op:
        batch_op.drop_index('uq_nombramiento_principal_vigente', sqlite_where=sa.text("cargo = 'aiq_principal' AND hasta IS NULL"), postgresql_where=sa.text("cargo = 'aiq_principal' AND hasta IS NULL"))
        batch_op.drop_index(batch_op.f('ix_nombramiento_usuario_id'))
        batch_op.drop_index('ix_nombramiento_institucion')

    op.drop_table('nombramiento')
    with op.batch_alter_table('cuenta', schema=None) as batch_op:
        batch_op.drop_index('ix_cuenta_institucion_activa')
        batch_op.drop_index(batch_op.f('ix_cuenta_cedula'))

    op.drop_table('cuenta')
    with op.batch_alter_table('area', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_area_institucion_id'))

    op.drop_table('area')
    op.drop_table('usuario')
    op.drop_table('periodo_alta_demanda')
    op.drop_table('latido')
    op.drop_table('intento_ingreso')
    op.drop_table('institucion')
    op.drop_table('feriado')
    op.drop_table('barrido')
