"""What can be refused about a simulation, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable


class SimulationNotFound(NotFound):
    code = "simulation_not_found"
    title = "There is no such simulation, or it is not yours to see"
    title_zh = "没有该测算任务，或您无权查看"


class SimulationNotDone(Conflict):
    code = "simulation_not_done"
    title = "The simulation has found nothing yet"
    title_zh = "测算尚未完成，没有结果可下载"


class SimulationEnded(Conflict):
    code = "simulation_ended"
    title = "The simulation has ended already"
    title_zh = "该测算已结束"


class TooManySimulations(Conflict):
    code = "too_many_simulations"
    title = "Too many simulations wait already"
    title_zh = "等待中的测算任务过多"


class SimulationRefused(Unprocessable):
    code = "simulation_refused"
    title = "The simulation cannot be made as it is asked for"
    title_zh = "测算无法按所填内容进行"
