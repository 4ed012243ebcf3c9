"""What can be refused about standards, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import NotFound, Unprocessable


class FactsRefused(Unprocessable):
    code = "standard_facts_invalid"
    title = "Some facts cannot be taken; nothing was kept"
    title_zh = "部分数据不能接收，全部未保存"


class FactsFileRefused(Unprocessable):
    code = "standard_file_invalid"
    title = "The file cannot be taken"
    title_zh = "文件不能接收"


class MapRefused(Unprocessable):
    code = "map_invalid"
    title = "The map is no GeoJSON of areas with the villages' names"
    title_zh = "地图不是带有村名的区域 GeoJSON"


class MapMissing(NotFound):
    code = "map_not_found"
    title = "No map was uploaded yet"
    title_zh = "尚未上传地图"
