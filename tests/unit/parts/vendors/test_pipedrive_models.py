"""The models of Pipedrive's client as a judge, told by a small package of the same form."""

import json

import pytest

from tests.parts.vendors.pipedrive_models import PipedriveModels
from tests.parts.vendors.server import Request

FILES = {
    "v2/models/add-deal-request.d.ts": """\
export interface AddDealRequest {
    /**
    * @type {string}
    */
    'title': string;
    'person_id'?: number | null;
    'label_ids'?: Array<number>;
    'emails'?: Array<PersonItemEmail>;
    'custom_fields'?: {
        [key: string]: any;
    };
}
""",
    "v2/models/person-item-email.d.ts": "export interface PersonItemEmail {\n    'value'?: string;\n}\n",
    "v1/models/add-note-request.d.ts": "export type AddNoteRequest = NoteContent & NotePin;\n",
    "v1/models/note-content.d.ts": "export interface NoteContent {\n    'content': string;\n}\n",
    "v1/models/note-pin.d.ts": """\
export interface NotePin {
    'pinned_to_deal_flag'?: NotePinFlagConst;
}
export declare const NotePinFlagConst: {
    readonly NUMBER_0: 0;
    readonly NUMBER_1: 1;
};
""",
}


@pytest.fixture
def models(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / "dist" / "versions" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return PipedriveModels(tmp_path)


def request(path, body, method="POST"):
    return Request(method, path, {}, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        (
            "/api/v2/deals",
            {"title": "Kund", "person_id": None, "emails": [{"value": "x"}], "custom_fields": {"a": 1}},
            None,
        ),
        ("/api/v2/deals", {"person_id": 1}, "'title' is a required"),
        ("/api/v2/deals", {"title": "Kund", "persons": 1}, "'persons' was unexpected"),
        ("/api/v2/deals", {"title": "Kund", "label_ids": ["1"]}, "label_ids[0]"),
        ("/api/v2/deals", {"title": "Kund", "emails": [{"adress": "x"}]}, "emails[0]"),
        ("/v1/notes", {"content": "x", "pinned_to_deal_flag": 1}, None),
        ("/v1/notes", {"content": "x", "pinned_to_deal_flag": 2}, "not one of [0, 1]"),
        ("/v1/notes", {"pinned_to_deal_flag": 1}, "'content' is a required"),
        ("/api/v2/products", {"name": "x"}, "no model of POST /api/v2/products"),
    ],
)  # fmt: skip - one case a line
def test_a_body_is_held_against_the_model_of_its_request(models, path, body, complaint):
    found = models.problems(request(path, body))
    assert (found == []) if complaint is None else (len(found) == 1 and complaint in found[0])


def test_a_request_without_a_body_is_nothing_to_judge(models):
    assert models.problems(Request("GET", "/api/v2/deals", {}, {}, b"")) == []


def test_a_directory_that_is_no_package_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        PipedriveModels(tmp_path)
