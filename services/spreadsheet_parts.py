"""What stands around the rows of an XLSX file (ECMA-376, SpreadsheetML): the parts of the package, in the form Excel itself writes.

Styles are numbered: HEAD of a header, DAY and INSTANT of dates; a cell without one is plain."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZipFile

HEAD, DAY, INSTANT = 1, 2, 3

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS = "http://schemas.openxmlformats.org"
_MAIN = f"{_FORMATS}/spreadsheetml/2006/main"
_RELATIONS = f"{_FORMATS}/officeDocument/2006/relationships"
_PACKAGE = f"{_FORMATS}/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# A column as wide as so many digits of the font also has its margins.
_MARGIN = 0.7109375

_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFE1EFF0"/><bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
    '<border><left/><right/><top/><bottom style="thin"><color auto="1"/></bottom><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="1" xfId="0" applyFont="1" applyFill="1" applyBorder="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def sheet_path(number: int) -> str:
    """Where the sheet of that number, from 1 on, lies in the package."""
    return f"xl/worksheets/sheet{number}.xml"


def sheet_head(widths: Sequence[int], first: bool) -> str:
    """All that precedes the rows. widths: of the columns, in characters. first: the sheet one sees on opening the file."""
    selected = ' tabSelected="1"' if first else ""
    columns = "".join(f'<col min="{i}" max="{i}" width="{width + _MARGIN}" customWidth="1"/>' for i, width in enumerate(widths, start=1))
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{selected} workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/>{f"<cols>{columns}</cols>" if columns else ""}<sheetData>'
    )


def sheet_tail(corner: str) -> str:
    """All that follows the rows. corner: the last cell of the table, "P100"."""
    margins = '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
    return f'</sheetData><autoFilter ref="A1:{corner}"/>{margins}</worksheet>'


def write_package(package: ZipFile, sheets: Sequence[tuple[str, str]], title: str, company: str) -> None:
    """Everything but the sheets. sheets: (name on the tab, last cell) of each, in their order."""
    parts = {
        "[Content_Types].xml": _content_types(len(sheets)),
        "_rels/.rels": _relations([
            (f"{_RELATIONS}/officeDocument", "xl/workbook.xml"),
            (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            (f"{_RELATIONS}/extended-properties", "docProps/app.xml"),
        ]),
        "docProps/core.xml": (
            f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>{escape(title)}</dc:title></cp:coreProperties>"
        ),
        "docProps/app.xml": (
            f'<Properties xmlns="{_FORMATS}/officeDocument/2006/extended-properties"><Application>Microsoft Excel</Application>'
            f"<Company>{escape(company)}</Company></Properties>"
        ),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations([
            *((f"{_RELATIONS}/worksheet", sheet_path(i).removeprefix("xl/")) for i in range(1, len(sheets) + 1)),
            (f"{_RELATIONS}/styles", "styles.xml"),
        ]),
        "xl/styles.xml": _STYLES,
    }
    for path, text in parts.items():
        package.writestr(path, _XML + text)


def _content_types(sheets: int) -> str:
    own = {
        "/docProps/app.xml": "application/vnd.openxmlformats-officedocument.extended-properties+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
        "/xl/styles.xml": f"{_SHEET_TYPE}.styles+xml",
        "/xl/workbook.xml": f"{_SHEET_TYPE}.sheet.main+xml",
        **{f"/{sheet_path(i)}": f"{_SHEET_TYPE}.worksheet+xml" for i in range(1, sheets + 1)},
    }
    overrides = "".join(f'<Override PartName="{path}" ContentType="{kind}"/>' for path, kind in own.items())
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<Relationship Id="rId{i}" Type="{kind}" Target="{path}"/>' for i, (kind, path) in enumerate(targets, start=1))
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def _workbook(sheets: Sequence[tuple[str, str]]) -> str:
    tabs = "".join(f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, (name, _) in enumerate(sheets, start=1))
    # Excel keeps the range of a filter under this name too.
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{i}" hidden="1">{escape(_quoted(name))}!$A$1:{_fixed(corner)}</definedName>'
        for i, (name, corner) in enumerate(sheets)
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><bookViews><workbookView/></bookViews><sheets>{tabs}</sheets>'
        f"<definedNames>{filters}</definedNames></workbook>"
    )


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _fixed(cell: str) -> str:
    """ "P100" as "$P$100"."""
    letters = cell.rstrip("0123456789")
    return f"${letters}${cell.removeprefix(letters)}"
