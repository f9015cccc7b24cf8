"""Every endpoint of the console and the roles that may use it: one of them is enough.

`OPEN` pages need no account, `ANYONE` any account. What is not listed here does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from threegate.console.views import (
    account,
    audit,
    audit_export,
    complaints,
    coverage,
    drafts,
    guided,
    home,
    lifecycle,
    merge,
    people,
    person,
    policies,
    quality,
    queue,
    replay,
    report,
    review,
    try_page,
    version,
)
from threegate.console.views.content import (
    answers,
    detectors,
    knowledge,
    lists,
    own_detectors,
    recognizers,
    whole,
)
from threegate.console.web import Handler
from threegate.policy.lifecycle.machine import Role

OPEN: frozenset[Role] | None = None
ANYONE = frozenset(Role)
REVIEWERS = frozenset({Role.REVIEWER})
EDITORS = frozenset({Role.EDITOR})
APPROVERS = frozenset({Role.APPROVER})
WRITERS = frozenset({Role.EDITOR, Role.APPROVER})
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Page:
    """`path` has no trailing slash; GET pages answer under `path.json` too."""

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role] | None


KNOWN_DOCUMENT = "/policies/knowledge/{pack}/{base}/{document}"
PAGES = (
    Page("GET", "/login", account.login_page, OPEN),
    Page("POST", "/login", account.login, OPEN),
    Page("GET", "/login/sso", account.sso, OPEN),
    Page("GET", "/login/sso/callback", account.sso_back, OPEN),
    Page("GET", "/setup/{token}", account.setup_page, OPEN),
    Page("POST", "/setup/{token}", account.setup, OPEN),
    Page("GET", "/session", account.session, OPEN),
    Page("GET", "/language/{to}", account.language, OPEN),
    Page("POST", "/logout", account.logout, ANYONE),
    Page("GET", "", home.home, ANYONE),
    Page("GET", "/policies", policies.listing, ANYONE),
    Page("GET", "/policies/pack/{pack}", policies.pack, ANYONE),
    Page("GET", "/policies/rule/{rule}", policies.rule, ANYONE),
    Page("GET", "/policies/coverage", coverage.matrix, ANYONE),
    Page("GET", "/policies/history", version.history, ANYONE),
    Page("GET", "/policies/version/{digest}", version.version, ANYONE),
    Page("GET", "/policies/lists", lists.listing, WRITERS),
    Page("POST", "/policies/lists", lists.create, EDITORS),
    Page("GET", "/policies/list/{pack}/{list}", lists.page, WRITERS),
    Page("POST", "/policies/list/{pack}/{list}", lists.save, EDITORS),
    Page("POST", "/policies/list/{pack}/{list}/table", lists.take_table, EDITORS),
    Page("POST", "/policies/list/{pack}/{list}/export", lists.export, WRITERS),
    Page("GET", "/policies/answers", answers.listing, ANYONE),
    Page("POST", "/policies/answers", answers.create, EDITORS),
    Page("POST", "/policies/answers/table", answers.take_table, EDITORS),
    Page("POST", "/policies/answers/export", answers.export, WRITERS),
    Page("GET", "/policies/answer/{answer}", answers.page, ANYONE),
    Page("POST", "/policies/answer/{answer}", answers.save, EDITORS),
    Page("GET", "/policies/knowledge", knowledge.listing, WRITERS),
    Page("POST", "/policies/knowledge", knowledge.create, EDITORS),
    Page("POST", "/policies/knowledge/table", knowledge.take_table, EDITORS),
    Page("POST", "/policies/knowledge/export", knowledge.export, WRITERS),
    Page("GET", "/policies/knowledge/{pack}/{base}", knowledge.page, WRITERS),
    Page("POST", "/policies/knowledge/{pack}/{base}", knowledge.add, EDITORS),
    Page("GET", KNOWN_DOCUMENT, knowledge.document, WRITERS),
    Page("POST", KNOWN_DOCUMENT, knowledge.save, EDITORS),
    Page("POST", KNOWN_DOCUMENT + "/remove", knowledge.remove, EDITORS),
    Page("GET", "/policies/detectors", detectors.listing, ANYONE),
    Page("POST", "/policies/detectors", own_detectors.create, EDITORS),
    Page("POST", "/policies/detectors/table", own_detectors.take_table, EDITORS),
    Page("POST", "/policies/detectors/export", own_detectors.export, WRITERS),
    Page("GET", "/policies/detectors/{pack}/{detector}", own_detectors.page, ANYONE),
    Page("POST", "/policies/detectors/{pack}/{detector}", own_detectors.save, EDITORS),
    Page("POST", "/policies/detectors/{pack}/{detector}/remove", own_detectors.remove, EDITORS),
    Page("POST", "/policies/detectors/{pack}/{detector}/try", own_detectors.try_it, EDITORS),
    Page("GET", "/policies/recognizer", recognizers.page, ANYONE),
    Page("POST", "/policies/recognizer", recognizers.save, EDITORS),
    Page("POST", "/policies/recognizer/try", recognizers.try_it, EDITORS),
    Page("POST", "/policies/recognizer/remove", recognizers.remove, EDITORS),
    Page("GET", "/policies/detector/{kind}", detectors.kind, ANYONE),
    Page("POST", "/policies/detector/{kind}", detectors.change, EDITORS),
    Page("GET", "/policies/messages", whole.messages, ANYONE),
    Page("POST", "/policies/messages", whole.save_messages, EDITORS),
    Page("POST", "/policies/packs", whole.switch, EDITORS),
    Page("POST", "/policies/kept", whole.keep, EDITORS),
    Page("POST", "/policies/download", whole.download, WRITERS),
    Page("GET", "/policies/upload", whole.upload_page, WRITERS),
    Page("POST", "/policies/upload", whole.upload, EDITORS),
    Page("GET", "/policies/new", guided.new_page, EDITORS),
    Page("POST", "/policies/new", guided.create, EDITORS),
    Page("GET", "/policies/rule/{rule}/form", guided.form_page, EDITORS),
    Page("POST", "/policies/rule/{rule}/form", guided.save_form, EDITORS),
    Page("POST", "/policies/rule/{rule}", drafts.edit_rule, EDITORS),
    Page("POST", "/policies/rule/{rule}/resume", lifecycle.resume, APPROVERS),
    Page("GET", "/policies/edit/{pack}", drafts.editor, EDITORS),
    Page("POST", "/policies/edit/{pack}", drafts.save, EDITORS),
    Page("POST", "/policies/check/{pack}", drafts.check_text, EDITORS),
    Page("POST", "/policies/complete/{pack}", drafts.complete_text, EDITORS),
    Page("GET", "/policies/draft", drafts.draft, EDITORS),
    Page("POST", "/policies/draft/discard", drafts.discard, EDITORS),
    Page("GET", "/policies/draft/merge", merge.merge_page, EDITORS),
    Page("POST", "/policies/draft/merge", merge.merge_draft, EDITORS),
    Page("POST", "/policies/draft/returned/{digest}", merge.resume, EDITORS),
    Page("POST", "/policies/draft/tests", try_page.tests, EDITORS),
    Page("POST", "/policies/draft/replay", replay.replay, EDITORS),
    Page("POST", "/policies/draft/submit", lifecycle.submit, EDITORS),
    Page("POST", "/policies/proposal/{id}", drafts.proposal, EDITORS),
    Page("GET", "/policies/try", try_page.try_page, WRITERS),
    Page("POST", "/policies/try", try_page.try_it, WRITERS),
    Page("POST", "/policies/version/{digest}/approve", lifecycle.approve, APPROVERS),
    Page("POST", "/policies/version/{digest}/recall", lifecycle.recall, EDITORS),
    Page("POST", "/policies/version/{digest}/withdraw", lifecycle.withdraw, APPROVERS),
    Page("POST", "/policies/version/{digest}/reject", lifecycle.reject, APPROVERS),
    Page("POST", "/policies/version/{digest}/comment", lifecycle.comment, WRITERS),
    Page("POST", "/policies/version/{digest}/schedule", lifecycle.schedule, APPROVERS),
    Page("POST", "/policies/version/{digest}/activate", lifecycle.activate, APPROVERS),
    Page("POST", "/policies/version/{digest}/rollback", lifecycle.rollback, APPROVERS),
    Page("GET", "/audit", audit.search, REVIEWERS),
    Page("GET", "/audit/record/{request}", audit.record, REVIEWERS),
    Page("POST", "/audit/record/{request}/reveal", audit.reveal, REVIEWERS),
    Page("POST", "/audit/record/{request}/label", review.label, REVIEWERS),
    Page("POST", "/audit/record/{request}/propose", review.propose, REVIEWERS),
    Page("POST", "/audit/verify", audit.verify, REVIEWERS),
    Page("POST", "/audit/export", audit_export.export, REVIEWERS),
    Page("GET", "/audit/queue", queue.queue, REVIEWERS),
    Page("POST", "/audit/queue/take", queue.take, REVIEWERS),
    Page("GET", "/audit/queue/{request}", queue.look, REVIEWERS),
    Page("GET", "/audit/quality", quality.quality, REVIEWERS),
    Page("GET", "/audit/quality/{rule}", quality.rule, REVIEWERS | EDITORS),
    Page("POST", "/audit/quality/{rule}/lower", quality.lower, REVIEWERS | EDITORS),
    Page("GET", "/audit/complaints", complaints.listing, REVIEWERS),
    Page("POST", "/audit/complaints", complaints.take, REVIEWERS),
    Page("POST", "/audit/complaints/{id}", complaints.answer, REVIEWERS),
    Page("POST", "/audit/views", audit.keep_view, REVIEWERS),
    Page("POST", "/audit/views/drop", audit.drop_view, REVIEWERS),
    Page("GET", "/audit/person", person.form, REVIEWERS | ADMINS),
    Page("POST", "/audit/person", person.look, REVIEWERS | ADMINS),
    Page("POST", "/audit/person/export", person.export, ADMINS),
    Page("POST", "/audit/person/hold", person.keep, ADMINS),
    Page("POST", "/audit/person/erase", person.remove, ADMINS),
    Page("GET", "/audit/report", report.report, REVIEWERS),
    Page("GET", "/audit/report/pdf", report.report_pdf, REVIEWERS),
    Page("GET", "/people", people.listing, ADMINS),
    Page("POST", "/people", people.invite, ADMINS),
    Page("POST", "/people/{name}", people.change, ADMINS),
)  # fmt: skip
