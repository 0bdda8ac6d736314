/* The month as a grid: one stop for the Tab key, arrows inside. The page works without this file. */
(function () {
  "use strict";
  var d = document;
  function grid() { return d.querySelector("[data-rejilla]"); }
  function links() { return [].slice.call(grid().querySelectorAll("td a")); }

  function stop(link) {
    links().forEach(function (a) { a.tabIndex = a === link ? 0 : -1; });
  }

  function begin() {
    if (!grid()) return;
    stop(grid().querySelector("[aria-selected=true] a") || grid().querySelector(".hoy a") || links()[0]);
  }

  function go(link) { if (link) { stop(link); link.focus(); } }

  function month(which) { var a = d.querySelector("[data-mes=" + which + "]"); if (a) a.click(); }

  d.addEventListener("keydown", function (e) {
    var link = e.target.closest && e.target.closest("[data-rejilla] td a");
    if (!link || e.ctrlKey || e.altKey || e.metaKey) return;
    var all = links(), at = all.indexOf(link), row = [].slice.call(link.closest("tr").querySelectorAll("a"));
    var moves = {ArrowLeft: all[at - 1], ArrowRight: all[at + 1], ArrowUp: all[at - 7], ArrowDown: all[at + 7], Home: row[0], End: row[row.length - 1]};
    if (e.key in moves) { e.preventDefault(); go(moves[e.key]); }
    else if (e.key === "PageUp" || e.key === "PageDown") { e.preventDefault(); month(e.key === "PageUp" ? "prev" : "next"); }
    else if (e.key === " ") { e.preventDefault(); link.click(); }
  });

  /* The day that was opened is the selected one. */
  d.addEventListener("htmx:afterSettle", function (e) {
    var day = d.getElementById("dia");
    if (!grid() || !day || e.detail.target.id !== "dia") return;
    var chosen = d.getElementById("d-" + day.dataset.dia);
    links().forEach(function (a) { a.parentNode.setAttribute("aria-selected", a === chosen ? "true" : "false"); });
    if (chosen) stop(chosen);
  });

  if (d.readyState === "loading") d.addEventListener("DOMContentLoaded", begin); else begin();
})();
