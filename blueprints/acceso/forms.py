"""Shape of the sign-in forms; every message in Spanish."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

_LONG = Length(max=200, message="El texto no puede superar los 200 caracteres.")
# What a password manager is told: fill in the one it knows, or offer another and keep it.
_KNOWN, _NEW = {"autocomplete": "current-password"}, {"autocomplete": "new-password"}


class SignInForm(FlaskForm):
    usuario = StringField("Cédula o correo institucional", [InputRequired("Ingrese su cédula o su correo institucional."), _LONG])
    clave = PasswordField("Contraseña", [InputRequired("Ingrese su contraseña."), _LONG], render_kw=_KNOWN)


class ForgotForm(FlaskForm):
    usuario = StringField("Cédula o correo institucional", [InputRequired("Ingrese su cédula o su correo institucional."), _LONG])


class PasswordForm(FlaskForm):
    clave = PasswordField("Nueva contraseña", [InputRequired("Ingrese la nueva contraseña."), _LONG], render_kw=_NEW)
    repetida = PasswordField("Repita la nueva contraseña", [EqualTo("clave", "Las dos contraseñas no coinciden.")], render_kw=_NEW)


class ChangePasswordForm(FlaskForm):
    """Not a child of PasswordForm: fields are read in the order of their making, and the present password comes first."""

    actual = PasswordField("Contraseña actual", [InputRequired("Ingrese su contraseña actual."), _LONG], render_kw=_KNOWN)
    clave = PasswordField("Nueva contraseña", [InputRequired("Ingrese la nueva contraseña."), _LONG], render_kw=_NEW)
    repetida = PasswordField("Repita la nueva contraseña", [EqualTo("clave", "Las dos contraseñas no coinciden.")], render_kw=_NEW)
