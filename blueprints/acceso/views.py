"""Sign in and out, and the password: by link, by hand, forgotten."""

from __future__ import annotations

import re
from datetime import timedelta
from math import ceil

from flask import current_app, g, make_response, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user

from blueprints import htmx, late_form
from blueprints.acceso import bp
from blueprints.acceso.forms import ChangePasswordForm, ForgotForm, PasswordForm, SignInForm
from blueprints.access import actor, public, requires
from blueprints.session import SEEN, SessionUser
from extensions import db
from models import Usuario
from rules.glossary import CARGO
from rules.policy import Permission
from services import clock, demo, signin
from services.errors import Refused

# A path of this site: no other site behind "//" or "/\\", and nothing a browser would drop before reading it ("/\t/host").
LOCAL = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")
# Screens show whole minutes: the one after the lock's end, never one at which it still holds.
ALMOST_A_MINUTE = timedelta(seconds=59)


@bp.route("/ingresar", methods=["GET", "POST"])
@public
@late_form.asks_passwords(SignInForm)
def sign_in():
    form = SignInForm()
    if request.method != "POST":
        return redirect(_next(), 303) if g.get("actor") else _page(form)
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        usuario = signin.authenticate(form.usuario.data, form.clave.data)
    except signin.Locked as locked:
        wait = max(1, ceil((locked.until - clock.now()) / timedelta(minutes=1)))
        answer = make_response(render_template("acceso/bloqueado.html", until=locked.until + ALMOST_A_MINUTE, wait=wait), 429)
        answer.headers["Retry-After"] = str(wait * 60)
        return answer
    except Refused as refused:
        return _page(form, 422, str(refused))
    session.clear()
    login_user(SessionUser(usuario))
    session.permanent = True
    session[SEEN] = clock.now().isoformat()
    return redirect(_next(), 303)


def _page(form: SignInForm, status: int = 200, problem: str = ""):
    minutes = int(current_app.config["SESSION_IDLE"] / timedelta(minutes=1))
    page = render_template("acceso/ingresar.html", form=form, problem=problem, minutes=minutes, accounts=_demo_accounts(),
                           demo_password=demo.PASSWORD)
    return page, status


def _demo_accounts() -> list[tuple[str, str]]:
    """Correo and office of each account a newcomer may try; empty outside the demo."""
    if not current_app.config["DEMO"]:
        return []
    home = demo.ACCOUNTS[0][2].inst
    named = [(correo, CARGO.get(cargo, "Servidor público") + ("" if who.inst == home else " de otra institución"))
             for correo, cargo, who in demo.ACCOUNTS]
    return named + [(correo, CARGO[cargo]) for correo, cargo, *_ in demo.STAFF]


def _next() -> str:
    """Where the person was going, if it is a path of this site."""
    target = request.args.get("siguiente", "")
    return target if LOCAL.fullmatch(target) else url_for("inicio.home")


@bp.post("/salir")
@public
def sign_out():
    logout_user()
    session.clear()
    return redirect(url_for("acceso.sign_in"), 303)


@bp.get("/sesion")
@requires(Permission.ENTER)
def keep():
    """Activity, and nothing else: *Continuar* of the notice that the session is about to end (templates/base.html)."""
    return "", 204


@bp.route("/clave/olvidada", methods=["GET", "POST"])
@public
def forgot():
    """Always the same answer, whether the account exists or not."""
    form = ForgotForm()
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return render_template("acceso/olvidada.html", form=form, sent=False), status
    signin.send_link(form.usuario.data)
    db.session.commit()
    return render_template("acceso/olvidada.html", form=form, sent=True)


@bp.route("/clave/<token>", methods=["GET", "POST"])
@public
@late_form.asks_passwords(PasswordForm)
def set_password(token: str):
    try:
        usuario = signin.from_link(token)
    except Refused as refused:
        return render_template("acceso/enlace_vencido.html", problem=str(refused)), 410
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            signin.set_password(usuario, form.clave.data)
        except Refused as refused:
            form.clave.errors = [refused.fields["clave"]]
        else:
            db.session.commit()
            htmx.notify("Su contraseña se guardó. Ya puede iniciar sesión.")
            return redirect(url_for("acceso.sign_in"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("acceso/clave.html", form=form, usuario=usuario), status


@bp.route("/cuenta/clave", methods=["GET", "POST"])
@requires(Permission.ENTER)
@late_form.asks_passwords(ChangePasswordForm)
def change_password():
    form = ChangePasswordForm()
    if form.validate_on_submit():
        usuario = db.session.get(Usuario, actor().usuario_id)
        try:
            signin.change_password(usuario, form.actual.data, form.clave.data)
        except Refused as refused:
            for field, text in refused.fields.items():
                form[field].errors = [text]
        else:
            db.session.commit()
            login_user(SessionUser(usuario))
            htmx.notify("Su contraseña se cambió. Las demás sesiones se cerraron.")
            return redirect(url_for("inicio.home"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("acceso/cambiar_clave.html", form=form, correo=actor().correo), status
