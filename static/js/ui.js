/* Respaldos Quipux: progressive enhancement. Everything works without this file; nothing here uses eval or inline styles. */
(function () {
  "use strict";
  var d = document, root = d.documentElement;
  function all(s, r) { return Array.prototype.slice.call((r || d).querySelectorAll(s)); }
  function on(type, fn, r) { (r || d).addEventListener(type, fn); }

  /* The icons live in one external sprite: only the fragment of the address changes. */
  function setIcon(el, name) {
    var u = el.querySelector("use");
    if (u) u.setAttribute("href", u.getAttribute("href").replace(/#.*$/, "#i-" + name));
  }

  /* Theme: the server writes data-theme from the cookie; without it the system decides. */
  function isDark() { return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches; }
  function paintTheme(b) {
    b.querySelector("span").textContent = "Cambiar a tema " + (isDark() ? "claro" : "oscuro");
    setIcon(b, isDark() ? "sun" : "moon");
  }
  all("[data-theme-toggle]").forEach(function (b) {
    b.hidden = false; paintTheme(b);
    on("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      d.cookie = "tema=" + root.dataset.theme + "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
      all("[data-theme-toggle]").forEach(paintTheme);
    }, b);
  });

  /* Notices. Those the server sent with the page or out of band leave by themselves, errors stay longer. */
  function dismiss(p) { setTimeout(function () { p.remove(); }, p.classList.contains("k-bad") ? 12000 : 7000); }
  function toast(text, kind) {
    var box = d.getElementById("avisos"); if (!box) return;
    if (all(".toast", box).some(function (t) { return t.textContent === text; })) return;
    var p = d.createElement("p"); p.className = "toast k-" + (kind || "ok"); p.textContent = text;
    if (kind === "bad") p.setAttribute("role", "alert");
    box.appendChild(p); dismiss(p);
  }
  function adoptToasts() { all("#avisos [data-toast]").forEach(function (p) { p.removeAttribute("data-toast"); dismiss(p); }); }
  adoptToasts();

  /* Copy, dialogs, print: delegated, so that fragments which arrive later are served too. */
  function copy(b) {
    function done() {
      setIcon(b, "check"); toast(b.dataset.copied || "Copiado al portapapeles.");
      setTimeout(function () { setIcon(b, "copy"); }, 2000);
    }
    /* On plain http the clipboard API is absent. */
    if (navigator.clipboard && isSecureContext) { navigator.clipboard.writeText(b.dataset.copy).then(done); return; }
    var t = d.createElement("textarea"); t.value = b.dataset.copy; t.className = "vh";
    b.parentNode.appendChild(t); t.select();
    if (d.execCommand("copy")) done();
    t.remove(); b.focus();
  }
  on("click", function (e) {
    var b = e.target.closest("[data-copy],[data-dialog],[data-close],[data-print]"); if (!b) return;
    if (b.dataset.copy !== undefined) copy(b);
    else if (b.dataset.dialog) {
      var g = d.getElementById(b.dataset.dialog);
      if (g && g.showModal) { e.preventDefault(); g.showModal(); }
    } else if (b.dataset.close !== undefined) {
      var open = b.closest("dialog[open]"); if (open) { e.preventDefault(); open.close(); }
    } else if (b.dataset.print !== undefined) print();
  });
  on("keydown", function (e) {
    if (e.key === " " && e.target.matches && e.target.matches("a[role=button]")) { e.preventDefault(); e.target.click(); }
  });

  /* Select all and counters of a table with checkboxes. */
  on("change", function (e) {
    var t = e.target.closest("[data-all],[data-one]"); if (!t) return;
    var f = t.closest("form"), ones = all("[data-one]", f), head = f.querySelector("[data-all]");
    if (t === head) ones.forEach(function (u) { if (!u.disabled) u.checked = head.checked; });
    var n = ones.filter(function (u) { return u.checked; }).length;
    if (head) { head.checked = n > 0 && n === ones.length; head.indeterminate = n > 0 && n < ones.length; }
    ones.forEach(function (u) { var r = u.closest("tr"); if (r) r.classList.toggle("sel", u.checked); });
    all("[data-count]", f).forEach(function (c) { c.textContent = n + (n === 1 ? " seleccionada" : " seleccionadas"); });
    all("[data-needs]", f).forEach(function (c) { c.disabled = !n; });
  });

  /* Several of a few values (listado.html, varios): the summary names those that are ticked. */
  on("change", function (e) {
    var m = e.target.closest("[data-varios]"); if (!m) return;
    var names = all("input:checked", m).map(function (i) { return i.parentNode.textContent.trim(); });
    m.querySelector("summary span").textContent = names.join(", ") || m.dataset.varios;
  });

  /* Dates typed by keyboard. Half a date is a date already (the 2 of 2026 is the year 2), and the answer of a form that filters may replace
     the field: such a form is told when the field is left or sent. A date that cannot be is no date at all to a form ("without limit"):
     it is said beside the field, and nothing is sent or exported until it is mended or emptied. */
  var DATES = "input[type=date],input[type=datetime-local],input[type=month]", typed = null, held = null;
  function isDate(el) { return !!el.matches && el.matches(DATES); }
  function impossible(i) { return i.willValidate && i.validity.badInput; }
  function judge(i) {
    var id = i.id + "-error", p = d.getElementById(id), bad = impossible(i);
    if (!bad && (!p || p.dataset.fecha === undefined)) return;
    if (p) p.remove();
    var by = (i.getAttribute("aria-describedby") || "").split(" ").filter(function (x) { return x && x !== id; });
    if (bad) { by.push(id); i.parentNode.insertBefore(wrongDate(i, id), i); i.setAttribute("aria-invalid", "true"); }
    else i.removeAttribute("aria-invalid");
    if (by.length) i.setAttribute("aria-describedby", by.join(" ")); else i.removeAttribute("aria-describedby");
  }
  function wrongDate(i, id) {
    var p = d.createElement("p"), svg = d.querySelector("svg.i").cloneNode(true);
    p.className = "err"; p.id = id; p.dataset.fecha = ""; p.setAttribute("role", "alert");
    svg.setAttribute("class", "i"); p.append(svg, i.labels[0].firstChild.textContent.trim() + " no es una fecha válida. Corríjala o bórrela.");
    setIcon(p, "warn");
    return p;
  }
  /* The first date of a form that cannot be. */
  function wrongIn(form) {
    var bad = all(DATES, form).filter(impossible);
    bad.forEach(judge);
    return bad[0];
  }
  function stop(e, form) {
    var bad = wrongIn(form);
    if (bad) { e.preventDefault(); e.stopPropagation(); bad.focus(); }
  }
  on("keydown", function (e) {
    var edits = e.key !== " " && !e.altKey && (e.key.length === 1 || /^(ArrowUp|ArrowDown|Backspace|Delete)$/.test(e.key));
    if (isDate(e.target)) typed = edits ? e.target : null;
  });
  on("pointerdown", function () { typed = null; });
  d.addEventListener("change", function (e) {
    if (e.target !== typed || !typed.form || !typed.form.hasAttribute("hx-get")) return;
    held = typed; e.stopPropagation();
  }, true);
  on("focusout", function (e) {
    if (!isDate(e.target)) return;
    var tell = held === e.target;
    typed = held = null; judge(e.target);
    if (tell) e.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  d.addEventListener("submit", function (e) { typed = held = null; stop(e, e.target); }, true);
  d.addEventListener("click", function (e) {
    var file = e.target.closest("#resultados a[download]"), form = file && d.getElementById("filtros");
    if (form) stop(e, form);
  }, true);
  on("input", function (e) { if (isDate(e.target) && !impossible(e.target)) judge(e.target); });
  on("htmx:configRequest", function (e) { if (e.detail.elt.matches("form") && wrongIn(e.detail.elt)) e.preventDefault(); });

  /* Menus <details>: Escape and a click elsewhere close them. */
  on("keydown", function (e) {
    if (e.key !== "Escape") return;
    all("details.menu[open]").forEach(function (m) { m.open = false; m.querySelector("summary").focus(); });
    if (location.hash === "#menu") location.hash = "contenido";
  });
  on("click", function (e) { all("details.menu[open]").forEach(function (m) { if (!m.contains(e.target)) m.open = false; }); });

  /* Double submit: the second click does nothing, the pressed button says that it works. A download leaves the page where it
     is, and the back button brings the page back as it was: both must find the buttons alive. */
  function busy(form, button) {
    form.dataset.sending = "1";
    if (button) button.setAttribute("aria-busy", "true");
    setTimeout(function () { idle(form); }, 15000);
  }
  function idle(form) {
    delete form.dataset.sending;
    all("[aria-busy]", form).forEach(function (b) { b.removeAttribute("aria-busy"); });
  }
  on("submit", function (e) {
    var f = e.target;
    if (e.defaultPrevented || f.method !== "post") return;
    if (f.dataset.sending) { e.preventDefault(); return; }
    busy(f, e.submitter);
  });
  on("pageshow", function (e) { if (e.persisted) all("form[data-sending]").forEach(idle); }, window);

  /* Combobox (ARIA 1.2): the options come from the server into [role=listbox], and are a choice only while the box says the text they
     were asked for. Escape closes them until the next key, leaving the box closes them too. */
  function listOf(c) { return d.getElementById(c.getAttribute("aria-controls")); }
  function comboOf(list) { return d.querySelector('[role=combobox][aria-controls="' + list.id + '"]'); }
  function openList(c, yes) {
    var list = listOf(c); if (!list) return;
    list.hidden = !yes; c.setAttribute("aria-expanded", String(yes));
    if (!yes) unmark(c, list);
  }
  function unmark(c, list) {
    all("[aria-selected=true]", list).forEach(function (o) { o.setAttribute("aria-selected", "false"); });
    c.removeAttribute("aria-activedescendant");
  }
  function isCombo(el) { return !!el.matches && el.matches("[role=combobox]"); }
  function answers(list, c) { return c.value === (list.dataset.texto === undefined ? c.defaultValue : list.dataset.texto); }
  on("keydown", function (e) {
    var c = e.target; if (!isCombo(c)) return;
    var list = listOf(c); if (!list) return;
    var ops = answers(list, c) ? all("[role=option]", list) : [];
    var i = ops.findIndex(function (o) { return o.getAttribute("aria-selected") === "true"; });
    function go(n) {
      if (!ops.length) return;
      openList(c, true); n = (n + ops.length) % ops.length;
      ops.forEach(function (o, k) { o.setAttribute("aria-selected", String(k === n)); });
      c.setAttribute("aria-activedescendant", ops[n].id); ops[n].scrollIntoView({ block: "nearest" });
    }
    if (e.key === "ArrowDown") { go(i + 1); e.preventDefault(); }
    else if (e.key === "ArrowUp") { go(i < 0 ? ops.length - 1 : i - 1); e.preventDefault(); }
    else if (e.key === "Home" && i >= 0) { go(0); e.preventDefault(); }
    else if (e.key === "End" && i >= 0) { go(ops.length - 1); e.preventDefault(); }
    else if (e.key === "Escape") {
      c.dataset.cerrada = "";
      if (!list.hidden) { openList(c, false); e.preventDefault(); }
    }
    else if (e.key === "Enter") {
      /* Enter in a search box never sends the whole form, except where the form is the search (data-submits). */
      var chosen = !list.hidden && i >= 0;
      if (chosen || c.dataset.submits === undefined) e.preventDefault();
      if (chosen) ops[i].click();
    }
  });
  on("input", function (e) {
    var c = e.target, list = isCombo(c) && listOf(c); if (!list) return;
    delete c.dataset.cerrada; unmark(c, list);
  });
  on("focusout", function (e) { if (isCombo(e.target)) openList(e.target, false); });
  on("mousedown", function (e) { if (e.target.closest("[role=listbox]")) e.preventDefault(); });
  d.addEventListener("click", function (e) {
    var list = e.target.closest("[role=listbox]"), c = list && comboOf(list);
    if (c && !answers(list, c)) { e.preventDefault(); e.stopPropagation(); }
  }, true);
  on("click", function (e) {
    var o = e.target.closest("[role=option]");
    if (o && o.dataset.href) { location.assign(o.dataset.href); return; }
    all("[role=combobox][aria-expanded=true]").forEach(function (c) {
      var list = listOf(c); if (!list || e.target === c) return;
      if (o && list.contains(o)) { c.value = list.dataset.texto = o.dataset.value || o.textContent.trim(); fill(c, o.dataset.id); }
      openList(c, false);
    });
  });

  /* A combobox of a form that filters (data-fills): what is chosen goes into a hidden field, which tells the form; leaving the box
     with half a word in it asks for nothing, emptying it does. */
  function fill(c, id) {
    var h = c.dataset.fills && d.getElementById(c.dataset.fills);
    if (h) { h.value = id || ""; h.dispatchEvent(new Event("change", { bubbles: true })); }
  }
  d.addEventListener("change", function (e) { if (e.target.dataset.fills && e.target.value.trim()) e.stopPropagation(); }, true);

  /* ARIA tabs (only where there is no navigation). */
  on("click", function (e) { var b = e.target.closest("[role=tab]"); if (b) pick(b); });
  on("keydown", function (e) {
    var b = e.target.closest && e.target.closest("[role=tab]"); if (!b) return;
    var tabs = all("[role=tab]", b.closest("[role=tablist]")), i = tabs.indexOf(b);
    var n = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (n !== undefined) { pick(tabs[(n + tabs.length) % tabs.length]); e.preventDefault(); }
  });
  function pick(b) {
    all("[role=tab]", b.closest("[role=tablist]")).forEach(function (x) {
      var yes = x === b; x.setAttribute("aria-selected", String(yes)); x.tabIndex = yes ? 0 : -1;
      d.getElementById(x.getAttribute("aria-controls")).hidden = !yes;
    });
    b.focus();
  }

  /* Countdown: starts from the server's time (<body data-now>), never from the clock of this machine.
     The words are those of rules/texts.py: remaining(). */
  var serverNow = d.body.dataset.now ? Date.parse(d.body.dataset.now) : Date.now(), loaded = Date.now();
  function remaining(ms) {
    var m = Math.floor(ms / 6e4), days = Math.floor(m / 1440), h = Math.floor(m % 1440 / 60), min = m % 60;
    if (ms <= 0) return "Plazo terminado";
    if (m === 0) return "Queda menos de 1 min";
    if (days) return (days === 1 && !h ? "Queda " : "Quedan ") + days + " d" + (h ? " " + h + " h" : "");
    if (h) return (h === 1 && !min ? "Queda " : "Quedan ") + h + " h" + (min ? " " + (min < 10 ? "0" : "") + min + " min" : "");
    return (m === 1 ? "Queda " : "Quedan ") + m + " min";
  }
  function tick() {
    all("[data-countdown]").forEach(function (n) {
      var text = remaining(Date.parse(n.dataset.countdown) - (serverNow + Date.now() - loaded));
      if (n.textContent !== text) n.textContent = text;
    });
  }
  tick(); setInterval(tick, 30000);

  /* The session ends after a time without activity. Shortly before, the person is asked, and afterwards told: what was typed is still
     on the page. What polls is no activity (blueprints/session.py); the tabs of a browser tell each other of theirs. */
  var ends = d.getElementById("sesion-aviso"), ended = false, active = 0;
  var others = ends && window.BroadcastChannel ? new BroadcastChannel("sesion") : null;
  function seen(told) {
    /* Another tab that is used after the end: the person signed in again there. */
    if (!ends || ended && !told) return;
    ended = false; active = Date.now();
    if (ends.open) ends.close();
    if (others && !told) others.postMessage("activa");
  }
  function watch() {
    if (!ends || ended) return;
    var idle = ends.dataset.segundos * 1000, left = idle - (Date.now() - active);
    if (left > Math.min(12e4, idle / 2)) return;
    ended = left <= 0;
    ask();
  }
  function ask() {
    all("[data-antes]", ends).forEach(function (x) { x.hidden = ended; });
    all("[data-despues]", ends).forEach(function (x) { x.hidden = !ended; });
    if (!ends.open) ends.showModal();
    if (ended) ends.querySelector("[data-close]").focus();
  }
  function over() { ended = true; ask(); }
  function keep() {
    fetch(ends.dataset.url, { headers: { "HX-Request": "true" } }).then(function (r) {
      if (r.status === 401) over(); else if (r.ok) seen();
    }, function () { toast("Sin conexión con el servidor.", "bad"); });
  }
  if (ends) {
    if (others) others.onmessage = function () { seen(true); };
    on("cancel", function (e) { if (!ended) { e.preventDefault(); keep(); } }, ends);
    on("click", keep, ends.querySelector("button[data-antes]"));
    on("htmx:afterRequest", function (e) { if (e.detail.successful && e.detail.elt.getAttribute("name") !== "sondeo") seen(); });
    seen(); setInterval(watch, 5000);
  }

  /* htmx. Focus goes to what asks for it after a swap; what fails is said, and the page stays. */
  function focusIn(r) { var f = r.matches && r.matches("[data-autofocus]") ? r : r.querySelector("[data-autofocus]"); if (f) f.focus(); }
  focusIn(d);
  /* Nobody looks at a hidden page: what polls (name="sondeo") waits until it is seen again; after the session's end it rests. */
  on("htmx:beforeRequest", function (e) { if ((d.hidden || ended) && e.detail.elt.getAttribute("name") === "sondeo") e.preventDefault(); });
  on("htmx:beforeRequest", function (e) { var b = e.target; if (b.matches("button")) b.setAttribute("aria-busy", "true"); });
  on("htmx:afterRequest", function (e) {
    if (e.target.matches("button")) e.target.removeAttribute("aria-busy");
    if (e.target.matches("form")) idle(e.target);
  });
  on("htmx:afterSwap", function (e) {
    var t = e.target;
    adoptToasts();
    if (t.matches && t.matches("[role=listbox]")) {
      var c = comboOf(t);
      if (c) openList(c, d.activeElement === c && c.dataset.cerrada === undefined && all("[role=option]", t).length > 0);
    }
  });
  /* Results say their name (how many, none, what to mend) and which of them are shown, in a region that stays: one that came with them
     would not be heard. Emptied first, so that the same words are heard again. */
  function announce(results) {
    var region = d.getElementById("anuncio"), foot = results.querySelector(".card-f .num");
    var text = d.getElementById(results.getAttribute("aria-labelledby")).textContent.trim() + (foot ? ". " + foot.textContent : "");
    region.textContent = "";
    setTimeout(function () { region.textContent = text; }, 100);
  }
  on("htmx:afterSettle", function (e) {
    var results = e.target.id === "resultados" ? e.target : e.target.querySelector("#resultados");
    focusIn(e.target); tick();
    if (results && results.hasAttribute("aria-labelledby")) announce(results);
  });
  /* Letter by letter is one step of the way back, and the same address twice is none: what a field asks goes on its own entry. */
  var writer = null;
  on("htmx:beforeHistoryUpdate", function (e) {
    var by = e.detail.requestConfig.triggeringEvent, update = e.detail.history, same = update.path === location.pathname + location.search;
    var field = by && by.type === "input" ? by.target.id : null;
    if (same || field && field === writer) update.type = "replace";
    if (!same) writer = field;
  });
  var FAILED = "No se pudo completar la acción. Intente nuevamente.";
  on("htmx:responseError", function (e) {
    var x = e.detail.xhr;
    if (x.status === 401 && ends) { over(); return; }
    var plain = /^text\/plain/.test(x.getResponseHeader("Content-Type") || "");
    /* Short refusals of the server are written for this place (blueprints/errors.py). */
    toast(plain && x.responseText.length < 300 ? x.responseText : FAILED, "bad");
  });
  on("htmx:beforeSwap", function (e) {
    /* An answer that comes when the box already says something else is dropped: the next one is on its way. */
    var c = e.detail.requestConfig.elt, list = isCombo(c) && listOf(c);
    if (!list || e.detail.target !== list || !e.detail.shouldSwap) return;
    var asked = e.detail.requestConfig.parameters[c.name];
    if (asked === c.value) list.dataset.texto = asked; else e.detail.shouldSwap = false;
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach(function (failed) {
    on(failed, function (e) { if (isCombo(e.detail.elt)) openList(e.detail.elt, false); });
  });
  on("htmx:beforeSwap", function (e) {
    /* A refused 422 without a form to swap (HX-Reswap: none) is a notice like the others. */
    var x = e.detail.xhr;
    if (x.status === 422 && x.getResponseHeader("HX-Reswap") === "none") toast(x.responseText || FAILED, "bad");
  });
  /* The page is older than the session: the next press takes the token of now along (blueprints/late_form.py). */
  on("ficha", function (e) {
    all("input[name=csrf_token]").forEach(function (i) { i.value = e.detail.value; });
    d.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": e.detail.value }));
  });
  on("htmx:sendError", function () { toast("Sin conexión con el servidor. Se muestra la última información recibida.", "bad"); });
  on("htmx:timeout", function () { toast(FAILED, "bad"); });
})();
