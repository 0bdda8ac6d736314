"""A tiny application made of the presentation pieces alone: what `base.html` and the macros look like with invented data."""

from datetime import datetime
from pathlib import Path

from flask import Flask, abort, render_template_string, request
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired

from blueprints import errors, headers, htmx, presentation
from blueprints.presentation import Item, Section, Shell
from rules.deadlines import ZONE
from rules.glossary import ESTADO_BADGE
from services.errors import Conflict, NotFound

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 20, 10, 24, tzinfo=ZONE)
UNTIL = datetime(2026, 11, 23, tzinfo=ZONE)

KIT = """{% extends 'base.html' %}
{% import '_macros/ui.html' as ui %}{% import '_macros/form.html' as f %}{% import '_macros/tabla.html' as t %}
{% set activo = 'listado' %}{% set con_errores = form.errors|length > 0 %}
{% block titulo %}Listado de solicitudes{% endblock %}
{% block contenido %}
{{ ui.migas([('Inicio', '/'), ('Listado de solicitudes', none)]) }}
{% call ui.cabecera(self.titulo(), 'Solicitudes de respaldo de su institución.', ui.estado(estados[0])) %}<a class="btn pri" href="/nueva">{{ icon('new') }}Solicitar respaldos</a>{% endcall %}
{{ ui.pestanas('Secciones', [('a', 'Información', '/a', 'doc'), ('b', 'Recorrido', '/b', 'history'), ('c', 'Descarga', '/c', 'download')], 'b') }}
<div class="cols mt"><div class="stack">
{{ f.resumen_form(form, {'servidor': 'servidor-q'}) }}
{% call ui.alerta('warn', 'Período de alta demanda: cierre de año', 'El tiempo estimado aumenta de 5 a 8 días laborables.', 'gauge') %}<p class="t-sm">Vigente hasta el 15 ene 2027.</p>{% endcall %}
<form method="post" action="/kit" class="stack" novalidate>{{ f.csrf() }}
<div class="steps">
{% call f.paso(1, 'paso-servidor', 'Seleccionar Servidor Público', 'now') %}<div class="mt">
{% call f.combo('servidor', 'Nombre, cédula, puesto o correo', '/buscar', 'Solo aparecen servidores públicos inactivos de su institución.', 'ñau', 'Seleccione un servidor público.' if form.errors else '', '2 servidores públicos encontrados.', true) %}
{{ f.opcion('servidor', 1, 'Ñauñay Quishpe María Fernanda', '/elegir', '#paso-servidor', '1712345671', 'Analista de Gestión Documental 2', 'ñau', {'cuenta': '17'}) }}
{{ f.opcion('servidor', 2, 'Ñaupari Cóndor Luis Aníbal', '/elegir', '#paso-servidor', '1103456780', 'Conductor Administrativo', 'nau', {'cuenta': '"18'}) }}
{% endcall %}{{ f.opciones_sin_js('servidor', 'cuenta', 'Servidores públicos encontrados', [('17', 'Ñauñay Quishpe María Fernanda', '1712345671')]) }}</div>{% endcall %}
{% call f.paso(2, 'paso-rango', 'Rango de fechas', 'fail' if form.errors else '', false, 'Período de gestión que indica la solicitud.') %}<div class="fields mt">{{ f.campo(form.inicio, 'Primer día del período.') }}{{ f.campo(form.estado) }}</div>
{{ f.campo(form.comentario, opcional=true) }}{% endcall %}
</div>
{{ f.radios('motivo', 'Motivo', [('doc', 'El documento no corresponde', ''), ('otro', 'Otro motivo', 'explique cuál')], 'doc') }}
{{ f.casilla('acepto', 'He leído las responsabilidades', ayuda='Son nueve.') }}
{{ f.texto('nro', 'Nº Solicitud', 'a"b', attrs={'inputmode': 'numeric'}) }}{{ f.area('detalle', 'Explicación', maximo=500) }}{{ f.seleccion('etapa', 'Etapa', [('', 'Todas'), ('1', 'Solicitud')], '1') }}
<div class="row"><button class="btn pri lg">{{ icon('send') }}Enviar</button><button class="btn lg" name="accion" value="guardar">Guardar</button>{{ ui.abrir_dialogo('confirmar', 'Eliminar', 'trash', 'btn danger lg') }}</div>
</form>
<section class="card" id="resultados">
{% call t.tabla('res-t', 'Solicitudes de respaldo') %}
<thead><tr>{{ t.orden('Nº', '?orden=nro', 'descending', destino='#resultados') }}{{ t.orden('Servidor público', '?orden=nombre') }}<th scope="col">Estado</th><th scope="col" class="n">Tamaño</th><th scope="col"><span class="vh">Acciones</span></th></tr></thead>
<tbody>{% for b in estados %}<tr><td class="num" data-l="Nº">{{ loop.index|numero }}</td><th scope="row"><a href="/s">María Fernanda Ñauñay Quishpe</a><small>1712345671 · Analista de Gestión Documental 2</small></th><td data-l="Estado">{{ ui.estado(b) }}<small>Calendarizada: 25 nov</small></td><td class="n" data-l="Tamaño">{{ 2100000000|tamano }}</td><td class="act"><a class="btn sm" href="/d" aria-label="Descargar el respaldo Nº {{ loop.index|numero }}">{{ icon('download') }}Descargar</a></td></tr>{% endfor %}</tbody>
{% endcall %}
{{ t.pie('1 a 8 de 128', '?p=1', '?p=1', '?p=3', '?p=16', [(1, '?p=1', false), (2, '?p=2', true), (none, none, false), (16, '?p=16', false)]) }}
</section>
<section class="card">{% call ui.vacio('No se encontraron solicitudes', 'Amplíe el rango de fechas o quite el estado.') %}<a class="btn" href="/limpiar">Limpiar filtros</a>{% endcall %}</section>
</div><div class="stack stack-m">
{% call ui.tarjeta('datos', 'Datos del solicitante', ui.badge('ok', 'check', 'Inactiva')) %}<dl class="dl">{{ ui.dato('Cédula', '1712345671') }}{{ ui.dato('Área', none, true) }}{% call ui.dato('Documento') %}<a href="/doc">SNBAP-2026-0412-E</a>{% endcall %}</dl><dl class="kv">{{ ui.par('Partes', 3) }}{{ ui.par('Correo', ui.correo('rosa@snbap.gob.ec')) }}</dl>{% endcall %}
{% call ui.tarjeta('vig', 'Vigencia', cls='k-warn') %}<p class="big">{{ ui.cuenta(until, ((until - now).total_seconds())|quedan) }}</p>{{ ui.dias(vigencia_days(until, now)) }}{% endcall %}
{% call ui.tarjeta('rec', 'Recorrido', cuerpo=none) %}<ol class="trail pad">{{ ui.evento('did', 'send', 'Enviada', now|momento, now.isoformat(), 'Rosa Elena Chicaiza', 'Documento SNBAP-2026-0412-E.') }}{% call ui.evento('live', 'loader', 'En ejecución', now|momento, now.isoformat()) %}<div class="well k-run mt">{{ ui.prog('Documentos', 1842, 3411, '54 %', 'avance') }}{{ ui.prog('Partes', none, 0) }}</div>{% endcall %}{{ ui.evento('next', 'zip', 'Generada', 'Pendiente') }}{{ ui.evento('stop', 'trash', 'Eliminada', now|momento, now.isoformat(), 'Sistema') }}</ol>{% endcall %}
{% call ui.tarjeta('ver', 'Verificaciones') %}{{ ui.verificaciones([('ok', 'Servidor inactivo', 'Desde el 30 sep 2026.'), ('bad', 'Tiene otra solicitud vigente', ''), ('warn', 'Tamaño superior a 10 GB', '')]) }}{% endcall %}
{{ ui.comando('zip -s 0 RESPALDO_000123.zip --out RESPALDO_000123_unificado.zip') }}
<p>{{ ui.copiar('9f2c61d0', 'Copiar la huella SHA-256 de la parte 1') }}</p>
</div></div>
{{ ui.etapas([('did', 1, 'Solicitud', 'Completa'), ('live', 2, 'Capacitación', '7 de 12 horas'), ('next', 3, 'Ambiente de capacitación', ''), ('next', 4, 'Revisión', 'SGE'), ('next', 5, 'Producción', '')], 'Etapas de la implantación') }}
<div class="g2 mt"><div class="card pad cq">{{ graf.bars([('lun', 12), ('mar', 31.5), ('mié', 7)], 'Solicitudes por día', goal=20, goal_text='Meta') }}</div><div class="card pad cq">{{ graf.line([('lun', 2), ('mar', 4.5), ('mié', 3)], 'Días de espera') }}{{ graf.strip([('b1', 3), ('b3', 1)], 'Reparto') }}{{ graf.knots(2, 'k-run') }}</div></div>
{% call ui.dialogo('confirmar', '¿Eliminar el borrador Nº 000123?', 'Esta acción no se puede deshacer.', '/eliminar', 'Eliminar', 'trash', true, {'id': 7}) %}{{ f.area('razon', 'Motivo') }}{% endcall %}
{% endblock %}"""

SIGN_IN = """{% extends 'base.html' %}{% import '_macros/form.html' as f %}{% block titulo %}Iniciar sesión{% endblock %}
{% block marco %}<div class="gate"><main class="gate-form" id="contenido" tabindex="-1"><div class="stack"><span class="logo dark">{{ graf.marca() }}Respaldos Quipux</span><h1>{{ self.titulo() }}</h1>
<form class="stack stack-m" method="post" novalidate>{{ f.csrf() }}{{ f.texto('usuario', 'Cédula o correo institucional') }}{{ f.texto('clave', 'Contraseña', tipo='password') }}<button class="btn pri lg wide">Ingresar</button></form>
<button class="btn sm quiet" type="button" data-theme-toggle hidden>{{ icon('moon') }}<span>Cambiar a tema oscuro</span></button></div></main>
<aside class="gate-art" aria-label="Acerca del servicio">{{ graf.quipu() }}<h2>La gestión de cada servidor público, íntegra y a tiempo.</h2><p>Solicite, siga y entregue los respaldos de documentos de servidores públicos inactivos de su institución.</p></aside></div>{% endblock %}"""


class Form(FlaskForm):
    """Two fields are mandatory, so that an empty POST shows both kinds of error."""

    inicio = DateField("Fecha Inicio", [InputRequired("Ingrese la Fecha Inicio.")])
    estado = SelectField("Estado", choices=[SelectChoice("a", "Atendida"), SelectChoice("b", "Aprobada")], default="a")
    comentario = TextAreaField("Comentario", [DataRequired("Ingrese un comentario.")])
    otro = StringField("Otro")


def shell() -> Shell:
    """An AIQ of a ministry with every part of the shell filled."""
    return Shell(
        user_name="Rosa Elena Chicaiza Ñacato", role_label="AIQ principal · SNBAP",
        org_name="Servicio Nacional de Bibliotecas y Archivos Públicos", now=NOW, home_url="/", logout_url="/salir", search_url="/listado",
        nav=[Section(None, [Item("Inicio", "/", "inicio")]),
             Section("Solicitudes personales", [Item("Solicitar respaldos", "/p/nueva", "p-nueva"), Item("Mis solicitudes", "/p", "p")]),
             Section("Solicitudes de la Institución", [Item("Solicitar respaldos", "/nueva", "nueva"),
                     Item("Solicitudes por enviar", "/por-enviar", "por-enviar", 3), Item("Listado de solicitudes", "/listado", "listado", 0)])],
        menu=[Item("Mi cuenta", "/cuenta", icon="user")], idle=1200, keep_url="/sesion", footer=[Item("Accesibilidad", "/accesibilidad")])


def create() -> Flask:
    """The application; SECRET_KEY and addresses are invented."""
    app = Flask("shell", root_path=str(ROOT))
    app.config.update(SECRET_KEY="only for tests", WTF_I18N_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    CSRFProtect(app)
    presentation.init_app(app)
    headers.init_app(app)
    errors.register(app)
    badges = list(ESTADO_BADGE.values())

    @app.route("/kit", methods=["GET", "POST"])
    def kit():
        form = Form()
        status = 200 if request.method == "GET" or form.validate() else 422
        return render_template_string(KIT, shell=shell(), form=form, estados=badges, now=NOW, until=UNTIL), status

    @app.get("/ingresar")
    def sign_in():
        htmx.notify("Su sesión terminó por inactividad.", "warn")
        return render_template_string(SIGN_IN)

    @app.get("/sin-menu")
    def bare():
        return render_template_string("{% extends 'base.html' %}{% block titulo %}Accesibilidad{% endblock %}"
                                      "{% block contenido %}<h1>{{ self.titulo() }}</h1>{% endblock %}")

    @app.get("/error/<int:code>")
    def error(code):
        abort(code)

    @app.get("/descarga/<int:code>")
    @errors.plain_errors
    def download(code):
        abort(code)

    @app.get("/rota")
    def broken():
        raise RuntimeError("a secret detail")

    @app.get("/ajena")
    def foreign():
        raise NotFound("solicitud 7 of another institution")

    @app.post("/decidir")
    def decide():
        raise Conflict("Iván Peñaherrera aprobó la solicitud a las 10:20.")

    @app.get("/buscar")
    def search():
        return htmx.with_toast(app.make_response("<li role='option' id='x'>Uno</li>"), "Listo <b>.")

    @app.route("/mover", methods=["GET", "POST"])
    def move():
        return htmx.redirect_303("/kit")

    @app.route("/privada", methods=["GET", "POST"])
    def private():
        return htmx.unauthorised("/ingresar?next=" + htmx.return_path())

    return app
