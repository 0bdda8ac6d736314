"""asuntos de los aiq

Revision ID: 0002
Revises: 0001


"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('acceso_evento',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('usuario_id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('accion', sa.String(length=40), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=False),
    sa.Column('en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('comentario', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['usuario.id'], name=op.f('fk_acceso_evento_actor_id_usuario')),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_acceso_evento_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['usuario_id'], ['usuario.id'], name=op.f('fk_acceso_evento_usuario_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_acceso_evento'))
    )
    with op.batch_alter_table('acceso_evento', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_acceso_evento_usuario_id'), ['usuario_id'], unique=False)

    op.create_table('adjunto',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=True),
    sa.Column('nombre', sa.String(length=200), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('clave', sa.String(length=200), nullable=False),
    sa.Column('paginas', sa.Integer(), nullable=False),
    sa.Column('firmas', sa.JSON(), nullable=False),
    sa.Column('subido_por_id', sa.Integer(), nullable=False),
    sa.Column('subido_en', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_adjunto_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['subido_por_id'], ['usuario.id'], name=op.f('fk_adjunto_subido_por_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adjunto'))
    )
    with op.batch_alter_table('adjunto', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adjunto_institucion_id'), ['institucion_id'], unique=False)

    op.create_table('aviso',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=True),
    sa.Column('titulo', sa.String(length=150), nullable=False),
    sa.Column('texto', sa.Text(), nullable=False),
    sa.Column('desde', sa.Date(), nullable=False),
    sa.Column('hasta', sa.Date(), nullable=False),
    sa.Column('autor_id', sa.Integer(), nullable=False),
    sa.Column('creado_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('retirado_en', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('desde <= hasta', name=op.f('ck_aviso_orden')),
    sa.ForeignKeyConstraint(['autor_id'], ['usuario.id'], name=op.f('fk_aviso_autor_id_usuario')),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_aviso_institucion_id_institucion')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_aviso'))
    )
    with op.batch_alter_table('aviso', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_aviso_institucion_id'), ['institucion_id'], unique=False)

    op.create_table('capacitacion_interna',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('fecha', sa.Date(), nullable=False),
    sa.Column('tema', sa.String(length=200), nullable=False),
    sa.Column('horas', sa.Double(), nullable=False),
    sa.Column('participantes', sa.Text(), nullable=False),
    sa.Column('registrada_por_id', sa.Integer(), nullable=False),
    sa.Column('registrada_en', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_capacitacion_interna_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['registrada_por_id'], ['usuario.id'], name=op.f('fk_capacitacion_interna_registrada_por_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capacitacion_interna'))
    )
    with op.batch_alter_table('capacitacion_interna', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_capacitacion_interna_institucion_id'), ['institucion_id'], unique=False)

    op.create_table('escalamiento',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('usuario_id', sa.Integer(), nullable=False),
    sa.Column('asunto', sa.String(length=200), nullable=False),
    sa.Column('detalle', sa.Text(), nullable=False),
    sa.Column('primer_nivel', sa.Text(), nullable=False),
    sa.Column('en', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_escalamiento_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['usuario_id'], ['usuario.id'], name=op.f('fk_escalamiento_usuario_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_escalamiento'))
    )
    with op.batch_alter_table('escalamiento', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_escalamiento_institucion_id'), ['institucion_id'], unique=False)

    op.create_table('orientacion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('institucion', sa.String(length=200), nullable=False),
    sa.Column('contacto', sa.String(length=200), nullable=False),
    sa.Column('registrada_por_id', sa.Integer(), nullable=False),
    sa.Column('en', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['registrada_por_id'], ['usuario.id'], name=op.f('fk_orientacion_registrada_por_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_orientacion'))
    )
    op.create_table('plantilla',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('tipo', sa.String(length=20), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actividades', sa.JSON(), nullable=False),
    sa.Column('publicada_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('publicada_por_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['publicada_por_id'], ['usuario.id'], name=op.f('fk_plantilla_publicada_por_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plantilla')),
    sa.UniqueConstraint('tipo', 'version', name=op.f('uq_plantilla_tipo_version'))
    )
    op.create_table('cambio_aiq',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('estado', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('saliente_id', sa.Integer(), nullable=True),
    sa.Column('entrante_id', sa.Integer(), nullable=True),
    sa.Column('preparado_por_id', sa.Integer(), nullable=False),
    sa.Column('solicitante', sa.String(length=20), nullable=False),
    sa.Column('solicitante_nombre', sa.String(length=200), nullable=False),
    sa.Column('oficio_numero', sa.String(length=60), nullable=False),
    sa.Column('oficio_recibido', sa.Date(), nullable=True),
    sa.Column('oficio_id', sa.Integer(), nullable=True),
    sa.Column('delegacion_id', sa.Integer(), nullable=True),
    sa.Column('fecha_efectiva', sa.Date(), nullable=True),
    sa.Column('anticipacion_motivo', sa.Text(), nullable=False),
    sa.Column('plantilla_id', sa.Integer(), nullable=True),
    sa.Column('observaciones', sa.Text(), nullable=False),
    sa.Column('creado_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('registrado_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hora_efectiva', sa.DateTime(timezone=True), nullable=True),
    sa.Column('responsabilidades_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('aiq_nombres', sa.String(length=200), nullable=False),
    sa.Column('aiq_cedula', sa.String(length=20), nullable=False),
    sa.Column('aiq_cargo', sa.String(length=200), nullable=False),
    sa.Column('aiq_correo', sa.String(length=200), nullable=False),
    sa.Column('aiq_telefono', sa.String(length=60), nullable=False),
    sa.Column('aiq_extension', sa.String(length=20), nullable=False),
    sa.Column('aiq_celular', sa.String(length=60), nullable=False),
    sa.Column('plazo_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('plazo_vence', sa.DateTime(timezone=True), nullable=True),
    sa.Column('plazo_congelado', sa.DateTime(timezone=True), nullable=True),
    sa.Column('vencida_en', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delegacion_id'], ['adjunto.id'], name=op.f('fk_cambio_aiq_delegacion_id_adjunto')),
    sa.ForeignKeyConstraint(['entrante_id'], ['usuario.id'], name=op.f('fk_cambio_aiq_entrante_id_usuario')),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_cambio_aiq_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['oficio_id'], ['adjunto.id'], name=op.f('fk_cambio_aiq_oficio_id_adjunto')),
    sa.ForeignKeyConstraint(['plantilla_id'], ['plantilla.id'], name=op.f('fk_cambio_aiq_plantilla_id_plantilla')),
    sa.ForeignKeyConstraint(['preparado_por_id'], ['usuario.id'], name=op.f('fk_cambio_aiq_preparado_por_id_usuario')),
    sa.ForeignKeyConstraint(['saliente_id'], ['usuario.id'], name=op.f('fk_cambio_aiq_saliente_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cambio_aiq'))
    )
    with op.batch_alter_table('cambio_aiq', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cambio_aiq_institucion_id'), ['institucion_id'], unique=False)
        batch_op.create_index('uq_cambio_aiq_uno_abierto', ['institucion_id'], unique=True, sqlite_where=sa.text("estado NOT IN ('registrada', 'anulada')"), postgresql_where=sa.text("estado NOT IN ('registrada', 'anulada')"))

    op.create_table('implantacion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('estado', sa.String(length=40), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=True),
    sa.Column('nombre', sa.String(length=200), nullable=False),
    sa.Column('ruc', sa.String(length=14), nullable=False),
    sa.Column('sigla', sa.String(length=20), nullable=False),
    sa.Column('telefono', sa.String(length=60), nullable=False),
    sa.Column('direccion', sa.String(length=250), nullable=False),
    sa.Column('oficio_numero', sa.String(length=60), nullable=False),
    sa.Column('oficio_recibido', sa.Date(), nullable=True),
    sa.Column('oficio_id', sa.Integer(), nullable=True),
    sa.Column('usuario_id', sa.Integer(), nullable=True),
    sa.Column('plantilla_id', sa.Integer(), nullable=True),
    sa.Column('observaciones', sa.Text(), nullable=False),
    sa.Column('responsable_id', sa.Integer(), nullable=False),
    sa.Column('creada_en', sa.DateTime(timezone=True), nullable=False),
    sa.Column('produccion_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('responsabilidades_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('aiq_nombres', sa.String(length=200), nullable=False),
    sa.Column('aiq_cedula', sa.String(length=20), nullable=False),
    sa.Column('aiq_cargo', sa.String(length=200), nullable=False),
    sa.Column('aiq_correo', sa.String(length=200), nullable=False),
    sa.Column('aiq_telefono', sa.String(length=60), nullable=False),
    sa.Column('aiq_extension', sa.String(length=20), nullable=False),
    sa.Column('aiq_celular', sa.String(length=60), nullable=False),
    sa.Column('plazo_desde', sa.DateTime(timezone=True), nullable=True),
    sa.Column('plazo_vence', sa.DateTime(timezone=True), nullable=True),
    sa.Column('plazo_congelado', sa.DateTime(timezone=True), nullable=True),
    sa.Column('vencida_en', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_implantacion_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['oficio_id'], ['adjunto.id'], name=op.f('fk_implantacion_oficio_id_adjunto')),
    sa.ForeignKeyConstraint(['plantilla_id'], ['plantilla.id'], name=op.f('fk_implantacion_plantilla_id_plantilla')),
    sa.ForeignKeyConstraint(['responsable_id'], ['usuario.id'], name=op.f('fk_implantacion_responsable_id_usuario')),
    sa.ForeignKeyConstraint(['usuario_id'], ['usuario.id'], name=op.f('fk_implantacion_usuario_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_implantacion'))
    )
    with op.batch_alter_table('implantacion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_implantacion_institucion_id'), ['institucion_id'], unique=False)

    op.create_table('procedimiento',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('institucion_id', sa.Integer(), nullable=False),
    sa.Column('titulo', sa.String(length=200), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('adjunto_id', sa.Integer(), nullable=False),
    sa.Column('aprobado_por', sa.String(length=200), nullable=False),
    sa.Column('aprobado_en', sa.Date(), nullable=False),
    sa.Column('publicado_por_id', sa.Integer(), nullable=False),
    sa.Column('publicado_en', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['adjunto_id'], ['adjunto.id'], name=op.f('fk_procedimiento_adjunto_id_adjunto')),
    sa.ForeignKeyConstraint(['institucion_id'], ['institucion.id'], name=op.f('fk_procedimiento_institucion_id_institucion')),
    sa.ForeignKeyConstraint(['publicado_por_id'], ['usuario.id'], name=op.f('fk_procedimiento_publicado_por_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_procedimiento')),
    sa.UniqueConstraint('institucion_id', 'titulo', 'version', name=op.f('uq_procedimiento_institucion_id_titulo_version'))
    )
    op.create_table('actividad',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('lista', sa.String(length=20), nullable=False),
    sa.Column('orden', sa.Integer(), nullable=False),
    sa.Column('titulo', sa.String(length=200), nullable=False),
    sa.Column('detalle', sa.Text(), nullable=False),
    sa.Column('nota', sa.Text(), nullable=False),
    sa.Column('evidencia_id', sa.Integer(), nullable=True),
    sa.Column('hecha_en', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hecha_por_id', sa.Integer(), nullable=True),
    sa.Column('implantacion_id', sa.Integer(), nullable=True),
    sa.Column('cambio_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('(implantacion_id IS NULL) <> (cambio_id IS NULL)', name=op.f('ck_actividad_uno')),
    sa.ForeignKeyConstraint(['cambio_id'], ['cambio_aiq.id'], name=op.f('fk_actividad_cambio_id_cambio_aiq')),
    sa.ForeignKeyConstraint(['evidencia_id'], ['adjunto.id'], name=op.f('fk_actividad_evidencia_id_adjunto')),
    sa.ForeignKeyConstraint(['hecha_por_id'], ['usuario.id'], name=op.f('fk_actividad_hecha_por_id_usuario')),
    sa.ForeignKeyConstraint(['implantacion_id'], ['implantacion.id'], name=op.f('fk_actividad_implantacion_id_implantacion')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_actividad'))
    )
    with op.batch_alter_table('actividad', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_actividad_cambio_id'), ['cambio_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_actividad_implantacion_id'), ['implantacion_id'], unique=False)

    op.create_table('sesion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('fecha', sa.Date(), nullable=False),
    sa.Column('materia', sa.String(length=40), nullable=False),
    sa.Column('horas', sa.Double(), nullable=False),
    sa.Column('capacitador', sa.String(length=200), nullable=False),
    sa.Column('registrada_por_id', sa.Integer(), nullable=False),
    sa.Column('implantacion_id', sa.Integer(), nullable=True),
    sa.Column('cambio_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('(implantacion_id IS NULL) <> (cambio_id IS NULL)', name=op.f('ck_sesion_uno')),
    sa.ForeignKeyConstraint(['cambio_id'], ['cambio_aiq.id'], name=op.f('fk_sesion_cambio_id_cambio_aiq')),
    sa.ForeignKeyConstraint(['implantacion_id'], ['implantacion.id'], name=op.f('fk_sesion_implantacion_id_implantacion')),
    sa.ForeignKeyConstraint(['registrada_por_id'], ['usuario.id'], name=op.f('fk_sesion_registrada_por_id_usuario')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sesion'))
    )
    with op.batch_alter_table('sesion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sesion_cambio_id'), ['cambio_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sesion_implantacion_id'), ['implantacion_id'], unique=False)

    with op.batch_alter_table('evento', schema=None) as batch_op:
        batch_op.add_column(sa.Column('implantacion_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('cambio_id', sa.Integer(), nullable=True))
        batch_op.alter_column('solicitud_id',
               existing_type=sa.INTEGER(),
               nullable=True)
        batch_op.create_unique_constraint(batch_op.f('uq_evento_cambio_id_orden'), ['cambio_id', 'orden'])
        batch_op.create_unique_constraint(batch_op.f('uq_evento_implantacion_id_orden'), ['implantacion_id', 'orden'])
        batch_op.create_foreign_key(batch_op.f('fk_evento_cambio_id_cambio_aiq'), 'cambio_aiq', ['cambio_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_evento_implantacion_id_implantacion'), 'implantacion', ['implantacion_id'], ['id'])
        batch_op.create_check_constraint(
            batch_op.f('ck_evento_uno'),
            "(solicitud_id IS NOT NULL AND implantacion_id IS NULL AND cambio_id IS NULL)"
            " OR (solicitud_id IS NULL AND implantacion_id IS NOT NULL AND cambio_id IS NULL)"
            " OR (solicitud_id IS NULL AND implantacion_id IS NULL AND cambio_id IS NOT NULL)",
        )



def downgrade():
    with op.batch_alter_table('evento', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_evento_uno'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_evento_implantacion_id_implantacion'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_evento_cambio_id_cambio_aiq'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_evento_implantacion_id_orden'), type_='unique')
        batch_op.drop_constraint(batch_op.f('uq_evento_cambio_id_orden'), type_='unique')
        batch_op.alter_column('solicitud_id',
               existing_type=sa.INTEGER(),
               nullable=False)
        batch_op.drop_column('cambio_id')
        batch_op.drop_column('implantacion_id')

    with op.batch_alter_table('sesion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sesion_implantacion_id'))
        batch_op.drop_index(batch_op.f('ix_sesion_cambio_id'))

    op.drop_table('sesion')
    with op.batch_alter_table('actividad', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_actividad_implantacion_id'))
        batch_op.drop_index(batch_op.f('ix_actividad_cambio_id'))

    op.drop_table('actividad')
    op.drop_table('procedimiento')
    with op.batch_alter_table('implantacion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_implantacion_institucion_id'))

    op.drop_table('implantacion')
    with op.batch_alter_table('cambio_aiq', schema=None) as batch_op:
        batch_op.drop_index('uq_cambio_aiq_uno_abierto', sqlite_where=sa.text("estado NOT IN ('registrada', 'anulada')"), postgresql_where=sa.text("estado NOT IN ('registrada', 'anulada')"))
        batch_op.drop_index(batch_op.f('ix_cambio_aiq_institucion_id'))

    op.drop_table('cambio_aiq')
    op.drop_table('plantilla')
    op.drop_table('orientacion')
    with op.batch_alter_table('escalamiento', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_escalamiento_institucion_id'))

    op.drop_table('escalamiento')
    with op.batch_alter_table('capacitacion_interna', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_capacitacion_interna_institucion_id'))

    op.drop_table('capacitacion_interna')
    with op.batch_alter_table('aviso', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_aviso_institucion_id'))

    op.drop_table('aviso')
    with op.batch_alter_table('adjunto', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adjunto_institucion_id'))

    op.drop_table('adjunto')
    with op.batch_alter_table('acceso_evento', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_acceso_evento_usuario_id'))

    op.drop_table('acceso_evento')
