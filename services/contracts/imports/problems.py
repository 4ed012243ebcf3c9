"""What may be refused of an import as a whole."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, TooLarge, Unprocessable


class WorkbookUnreadable(Unprocessable):
    code = "import_unreadable"
    title = "The file is damaged, or no .xlsx workbook"
    title_zh = "文件损坏，或不是 .xlsx 工作簿"


class ColumnsMissing(Unprocessable):
    code = "import_columns_missing"
    title = "The workbook's first row lacks columns that are needed"
    title_zh = "工作簿首行缺少必要的列"


class ImportEmpty(Unprocessable):
    code = "import_empty"
    title = "The workbook holds no row below its header"
    title_zh = "工作簿除表头外没有数据"


class ImportTooLong(TooLarge):
    code = "import_too_long"
    title = "The workbook is too large for one import"
    title_zh = "工作簿过大，请拆分后导入"


class ImportUnknown(NotFound):
    code = "import_unknown"
    title = "There is no such import, or it is not yours to see"
    title_zh = "没有此导入批次，或您无权查看"


class ImportUndoneAlready(Conflict):
    code = "import_undone_already"
    title = "The import has been taken back already"
    title_zh = "该导入批次已撤销"


class NothingToUndo(Conflict):
    code = "import_dry_run"
    title = "A dry run has changed nothing that could be taken back"
    title_zh = "试运行未写入数据，无需撤销"
