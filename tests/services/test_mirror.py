"""The mirror: block by block, nothing read that did not change, nobody deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from extensions import db
from models import BloqueEspejo, Cuenta, Espejo, Institucion
from services import clock, mirror
from services.adapters import quipux
from sources import Quipux, SourceUnavailable, demo_people
from sources.people import BLOCK
from tests.conftest import NOW
from tests.services.quipux_copy import change, copy_of

pytestmark = pytest.mark.usefixtures("ctx")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def settings(quipux_folder, tmp_path):
    return copy_of(quipux_folder, tmp_path / "quipux")


def row(codi: str) -> Cuenta:
    db.session.expire_all()
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == codi))


def counted() -> int:
    return db.session.scalar(select(func.count()).select_from(Cuenta))


def test_without_changes_no_account_is_read(monkeypatch):
    monkeypatch.setattr(Quipux, "accounts", lambda *_a: 1 / 0)
    seen = mirror.refresh(quipux())
    assert (seen.vistas, seen.escritas, seen.ausentes, seen.cambiados) == (0, 0, 0, 0) and seen.bloques > 0


def test_only_the_block_that_changed_is_read(settings, monkeypatch):
    blocks = list(quipux().account_blocks())
    change(settings, ("update usuarios set usua_cargo = 'Jefe de Archivo' where usua_codi = ?", demo_people.SERVANT.codi))
    read, real = [], Quipux.accounts
    monkeypatch.setattr(Quipux, "accounts", lambda self, first, last: read.append((first, last)) or real(self, first, last))
    seen = mirror.refresh(quipux())
    assert (seen.escritas, seen.cambiados, len(read)) == (1, 1, 1)
    assert read[0] in [(first, last) for first, last, _ in blocks]
    assert row(demo_people.SERVANT.codi).puesto == "Jefe de Archivo" and " archivo" in row(demo_people.SERVANT.codi).busqueda


def test_inactive_since_the_run_that_saw_it_and_no_longer_when_active_again(settings):
    codi = demo_people.SERVANT.codi
    cedula = row(codi).cedula
    change(settings, ("update usuarios set usua_esta = 0, usua_cedula = usua_cedula || '-' || usua_codi where usua_codi = ?", codi))
    with clock.frozen(LATER):
        mirror.refresh(quipux())
    assert (row(codi).inactiva_desde, row(codi).activa, row(codi).cedula) == (LATER, False, cedula)
    change(settings, ("update usuarios set usua_cargo = 'Otro' where usua_codi = ?", codi))
    with clock.frozen(LATER + timedelta(days=9)):
        mirror.refresh(quipux())
    assert row(codi).inactiva_desde == LATER, "another change does not move it"
    change(settings, ("update usuarios set usua_esta = 1 where usua_codi = ?", codi))
    mirror.refresh(quipux())
    assert (row(codi).inactiva_desde, row(codi).activa) == (None, True)


def test_who_vanishes_is_marked_once_and_unmarked_when_back(settings):
    codi, before = demo_people.DRIVER.codi, counted()
    change(settings, ("create table gone as select * from usuarios where usua_codi = ?", codi), ("delete from usuarios where usua_codi = ?", codi))
    with clock.frozen(LATER):
        assert mirror.refresh(quipux()).ausentes == 1
    with clock.frozen(LATER + timedelta(days=1)):
        assert mirror.refresh(quipux()).ausentes == 0
    assert (row(codi).ausente_desde, counted()) == (LATER, before)
    change(settings, ("insert into usuarios select * from gone",))
    mirror.refresh(quipux())
    assert row(codi).ausente_desde is None and counted() == before


def test_a_block_that_is_empty_now_marks_all_its_accounts(settings):
    codi = "990001"
    change(settings, ("insert into usuarios (usua_codi, usua_cedula, usua_nomb, usua_esta, inst_codi, depe_codi)"
                      " select ?, '1700009999', 'Sola', 1, inst_codi, depe_codi from usuarios where usua_codi = ?",
                      codi, demo_people.SERVANT.codi))  # fmt: skip
    mirror.refresh(quipux())
    assert row(codi).activa and row(codi).bloque == 990001 // 5000
    change(settings, ("delete from usuarios where usua_codi = ?", codi))
    assert mirror.refresh(quipux()).ausentes == 1
    assert row(codi).ausente_desde is not None and db.session.get(BloqueEspejo, 990001 // 5000) is None


def test_an_institution_that_is_another_row_now_is_read_anew():
    """Linked by the SGE to one that was registered here: the accounts must follow although Quipux changed nothing."""
    old = db.session.scalar(select(Institucion).where(Institucion.quipux_codi.is_not(None)).order_by(Institucion.id))
    codi, before = old.quipux_codi, counted()
    new = Institucion(nombre="Otra fila", ruc="")
    db.session.add(new)
    old.quipux_codi = None
    db.session.flush()
    new.quipux_codi = codi
    db.session.commit()
    seen = mirror.refresh(quipux())
    assert seen.cambiados == seen.bloques and counted() == before
    assert not db.session.scalar(select(func.count()).select_from(Cuenta).where(Cuenta.institucion_id == old.id))


def test_a_first_load_that_broke_off_goes_on_as_a_first_load(monkeypatch):
    """Who is found inactive then has been so since nobody knows when, in the second half too."""
    db.session.execute(update(Cuenta).values(bloque=None, activa=True))
    for each in db.session.scalars(select(Cuenta).where(Cuenta.quipux_codi == demo_people.MAIN.codi)):
        each.quipux_codi = "gone"  # as if it had never been copied
    db.session.query(Espejo).delete()
    db.session.query(BloqueEspejo).delete()
    db.session.commit()
    real = mirror._copy_block

    def break_off(source, number, *rest):
        if number == int(demo_people.MAIN.codi) // 5000:
            raise SourceUnavailable("gone")
        return real(source, number, *rest)

    monkeypatch.setattr(mirror, "_copy_block", break_off)
    with pytest.raises(SourceUnavailable):
        mirror.refresh(quipux())
    db.session.rollback()
    assert db.session.get(Espejo, "cuentas") is None
    monkeypatch.undo()
    mirror.refresh(quipux())
    assert (row(demo_people.MAIN.codi).activa, row(demo_people.MAIN.codi).inactiva_desde) == (False, None)


def test_only_accounts_that_do_not_know_their_block_are_looked_for_by_their_code(settings):
    """In a table that was empty a moment ago PostgreSQL reads it all for 500 codes, and so once more for every block."""
    asked = []
    db.session.execute(update(BloqueEspejo).values(huella="otra"))
    db.session.commit()
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, sql, *_: asked.append(sql))
    mirror.refresh(quipux())
    by_code = "cuenta.quipux_codi IN"
    assert asked and not any(by_code in sql and sql.startswith("SELECT") for sql in asked)
    stray = demo_people.SERVANT.codi
    db.session.execute(update(Cuenta).where(Cuenta.quipux_codi == stray).values(bloque=None))
    db.session.execute(update(BloqueEspejo).values(huella="otra"))
    db.session.commit()
    before = counted()
    mirror.refresh(quipux())
    assert (row(stray).bloque, counted()) == (int(stray) // BLOCK, before)
