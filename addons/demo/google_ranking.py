"""Google Cloud's ranking of records.

https://cloud.google.com/generative-ai-app-builder/docs/reference/rest/v1/projects.locations.rankingConfigs/rank
"""

import re

from addons.demo import google_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.gemini_request import body_of
from addons.demo.vectors import ranked
from addons.demo.wire import count, digest, dump, items, members, text

FIELDS = {"model", "query", "records", "topN", "ignoreRecordDetailsInResponse", "userLabels"}
MOST_RECORDS = 200


def read(request: Incoming) -> Ask:
    body = body_of(request)
    if unknown := [name for name in body if name not in FIELDS]:
        raise Rejected(f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.', "")
    records = [members(each) for each in items(body.get("records"))]
    if not 0 < len(records) <= MOST_RECORDS:
        raise Rejected(f"records must hold 1 to {MOST_RECORDS} items.", "records")
    texts = tuple(f"{text(each.get('title'))} {text(each.get('content'))}".strip() for each in records)
    if not all(texts):
        raise Rejected("Each record must have a title or a content.", "records")
    return Ask(
        model=text(body.get("model")) or "semantic-ranker-default@latest",
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=texts,
    )


def write(ask: Ask, _answer: Answer) -> Content:
    records = [members(each) for each in items(ask.body["records"])]
    most = count(ask.body.get("topN")) or 0
    found = ranked(text(ask.body.get("query")), list(ask.texts), most if most > 0 else None)
    bare = ask.body.get("ignoreRecordDetailsInResponse") is True
    told = [
        {**({} if bare else records[at]), "id": text(records[at].get("id")), "score": score}
        for at, score in found
    ]
    return Content(dump({"records": told}), google_errors.JSON)


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/projects/[^/]+/locations/[^/]+/rankingConfigs/[^/:]+:rank"),
        read=read,
        write=write,
        error=google_errors.write,
        headers=google_errors.headers,
    ),
)
