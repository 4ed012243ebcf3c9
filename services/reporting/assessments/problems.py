"""What can be refused about assessments, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable


class AssessmentNotFound(NotFound):
    code = "assessment_not_found"
    title = "There is no such assessment"
    title_zh = "没有该考核"


class AssessmentOpenAlready(Conflict):
    code = "assessment_exists"
    title = "This period is being assessed, or was, by the same scheme"
    title_zh = "该时段已按同一方案开展考核"


class AssessmentPublished(Conflict):
    code = "assessment_published"
    title = "The assessment is published; nothing of it changes any more"
    title_zh = "考核已通报，不能再更改"


class NotPublishedYet(Conflict):
    code = "assessment_not_published"
    title = "Publish the assessment first"
    title_zh = "请先通报考核结果"


class SamplesMissing(Conflict):
    code = "samples_missing"
    title = "Some have no on-site sample; both parts are needed (XB-52)"
    title_zh = "部分单位没有现场抽查记录，须现场抽查与网上考核相结合(XB-52)"


class PublisherSame(Conflict):
    code = "same_person_twice"
    title = "Somebody else than who opened it publishes an assessment"
    title_zh = "通报须由考核发起人以外的人办理"


class AssessmentUnreadable(Unprocessable):
    code = "assessment_invalid"
    title = "The assessment cannot be taken as it is sent"
    title_zh = "考核内容填写有误"
