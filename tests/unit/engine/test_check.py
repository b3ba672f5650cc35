"""Every rule of the check has a file that breaks it, and is told with file, id and reason."""

import pytest

from netcam.engine.check import check, longest_literal, slow
from netcam.engine.load import load_signatures
from netcam.engine.patterns import engine_name
from netcam.errors import ConfigError, SignatureError

KINDS = ("http.server", "http.title", "onvif.name", "sadp.serial", "ftp", "isapi.deviceinfo")
SERVER = "northlight.http.server"
PAGE = """
[[page]]
id = "northlight.page.info"
path = "/info"
when = ["northlight"]
references = ["constructed"]
"""
MADE_BY = """
[[made_by]]
maker = "westlake"
certainty = "B"
references = ["constructed"]
"""


def problems(signatures, retired=None):
    return [(p.file.rpartition("/")[2], p.id, p.reason) for p in check(signatures, KINDS, retired)]


def test_the_invented_world_keeps_every_rule(world):
    assert problems(world) == []


BROKEN = [
    (
        "vendor without reference",
        'own_badge = true\nreferences = ["constructed"]',
        "own_badge = true\nreferences = []",
        None,
        "no reference",
    ),
    ("parent", "builds = true\nown", 'builds = true\nparent = "nobody"\nown', None, "parent 'nobody' has no file"),
    (
        "oui source",
        'references = ["constructed"]\nchecked',
        "references = []\nchecked",
        "northlight.oui",
        "without a source",
    ),
    (
        "oui says",
        'says = { manufacturer = "northlight" }\nreferences = ["constructed"]\nchecked',
        'says = { maker = "northlight" }\nreferences = ["constructed"]\nchecked',
        "northlight.oui",
        "'maker' is not in the vocabulary",
    ),
    (
        "oui both",
        'registrant = "Northlight Optics"',
        'registrant = "Northlight Optics"\nprefix = "00:00:5e"',
        "northlight.oui",
        "either",
    ),
    ("oui neither", 'registrant = "Northlight Optics"', "", "northlight.oui", "either"),
    (
        "registrant",
        'registrant = "Northlight Optics"',
        'registrant = "Nobody"',
        "northlight.oui",
        "no registrant 'Nobody'",
    ),
    ("prefix size", 'registrant = "Northlight Optics"', 'prefix = "00:00"', "northlight.oui", "24, 28 or 36 bits"),
    ("prefix owned", 'registrant = "Northlight Optics"', 'prefix = "00:00:5f"', "northlight.oui", "'Somebody Else'"),
    ("kind", 'observes = "http.server"', 'observes = "http.sever"', SERVER, "no probe emits 'http.sever'"),
    (
        "status",
        'status = "experimental"\nobserves = "http.server"',
        'status = "new"\nobserves = "http.server"',
        SERVER,
        "status 'new'",
    ),
    (
        "source",
        'says = { manufacturer = "northlight" }\nreferences = ["constructed"]\nexample',
        'says = { manufacturer = "northlight" }\nreferences = []\nexample',
        SERVER,
        "without a source",
    ),
    (
        "field",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "strong"\nsays = { color = "red" }',
        SERVER,
        "'color'",
    ),
    ("group", "(?P<firmware>", "(?P<version>", SERVER, "'version' is not in the vocabulary"),
    (
        "vendor",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "strong"\nsays = { manufacturer = "nobody" }',
        SERVER,
        "'nobody' has no vendor file",
    ),
    (
        "word",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "strong"\nsays = { device_type = "webcam" }',
        SERVER,
        "device_type 'webcam' is not one of",
    ),
    (
        "cctv word",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "strong"\nsays = { cctv = "maybe" }',
        SERVER,
        "cctv 'maybe' is not one of",
    ),
    (
        "capability word",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "strong"\nsays = { capability = "flight" }',
        SERVER,
        "capability 'flight' is not one of",
    ),
    (
        "badge that builds nothing",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "strong"\nsays = { manufacturer = "southgate" }',
        SERVER,
        "builds nothing",
    ),
    (
        "free text",
        "pattern = '^NLO-Web/(?P<firmware>[^ ]+)'",
        "pattern = '^N.*/(?P<firmware>[^ ]+)'",
        SERVER,
        "free text",
    ),
    (
        "no example",
        'example = [{ value = "NLO-Web/4.2.1", expect = { firmware = "4.2.1" }, from = "constructed" }]',
        "",
        SERVER,
        "at least one example",
    ),
    (
        "no counterexample",
        'counterexample = [{ value = "NLO-Webcam-Viewer/4.2.1", why = "a desktop viewer" }]',
        "",
        SERVER,
        "one counterexample",
    ),
    ("example", 'value = "NLO-Web/4.2.1"', 'value = "NLX-Web/4.2.1"', SERVER, "does not match its example"),
    (
        "expectation",
        'expect = { firmware = "4.2.1" }',
        'expect = { firmware = "4.2" }',
        SERVER,
        "not {'firmware': '4.2'}",
    ),
    (
        "counterexample",
        'value = "NLO-Webcam-Viewer/4.2.1"',
        'value = "NLO-Web/9"',
        SERVER,
        "matches its counterexample",
    ),
    ("why", 'why = "a desktop viewer"', 'why = ""', SERVER, "says why"),
    (
        "tested",
        'status = "experimental"\nobserves = "http.server"',
        'status = "tested"\nobserves = "http.server"',
        SERVER,
        "one real capture",
    ),
    (
        "stable",
        'status = "experimental"\nobserves = "http.server"',
        'status = "stable"\nobserves = "http.server"',
        SERVER,
        "two independent",
    ),
    (
        "definitive",
        'strength = "strong"\nsays = { manufacturer = "northlight" }',
        'strength = "definitive"\nsays = { manufacturer = "northlight" }',
        SERVER,
        "takes a real capture",
    ),
    ("signature id", f'id = "{SERVER}"', 'id = "other.http.server"', "other.http.server", "starts with the vendor's"),
    ("id twice", 'id = "northlight.onvif.name"', f'id = "{SERVER}"', SERVER, "the id is taken"),
    (
        "model type",
        'device_type = "other"',
        'device_type = "speaker"',
        "northlight.model.speaker",
        "device_type 'speaker'",
    ),
    (
        "model capability",
        'capabilities = ["ptz"]',
        'capabilities = ["flight"]',
        "northlight.model.ptz",
        "capability 'flight'",
    ),
    (
        "model rule that gives nothing",
        'capabilities = ["ptz"]',
        "",
        "northlight.model.ptz",
        "gives a type or a capability",
    ),
    (
        "model source",
        'capabilities = ["ptz"]\nreferences = ["constructed"]',
        'capabilities = ["ptz"]\nreferences = []',
        "northlight.model.ptz",
        "without a source",
    ),
    ("model examples", 'examples = ["NL-D2PTZ"]', "examples = []", "northlight.model.ptz", "at least one example"),
    (
        "model example",
        'examples = ["NL-D2PTZ"]',
        'examples = ["XX-1"]',
        "northlight.model.ptz",
        "does not match its example 'XX-1'",
    ),
    (
        "model counterexample",
        'counterexamples = ["NL-D2"]',
        'counterexamples = ["NL-D3PTZ"]',
        "northlight.model.ptz",
        "counterexample",
    ),
    (
        "model order",
        '\nexamples = ["NL-R1"]',
        '\nexamples = ["NL-D1"]',
        "northlight.model.any",
        "taken first by northlight.model.dome",
    ),
    (
        "a set that means two things",
        "pattern = '^NL-S'",
        "pattern = '^NL-[[:alpha:]]'",
        "northlight.model.speaker",
        "pattern",
    ),
]


@pytest.mark.parametrize(("old", "new", "id", "reason"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_broken_rule_is_told_with_file_id_and_reason(signature_set, files, old, new, id, reason):
    assert old in files["northlight"]
    files["northlight"] = files["northlight"].replace(old, new, 1)
    loaded = signature_set(files, {"00005E": "Northlight Optics", "00005F": "Somebody Else"})
    assert [p for p in problems(loaded) if p[0] == "northlight.toml" and p[1] == id and reason in p[2]], problems(
        loaded
    )


@pytest.mark.parametrize(
    ("text", "old", "new", "id", "reason"),
    [
        (PAGE, "/info", "info", "northlight.page.info", "starts with a slash"),
        (PAGE, "/info", "/login.cgi?user=admin", "northlight.page.info", "logs in"),
        (PAGE, "/info", "/snapshot.cgi", "northlight.page.info", "pictures"),
        (PAGE, "/info", "/still.jpg", "northlight.page.info", "pictures"),
        (PAGE, 'path = "/info"', 'path = "/info"\nmethod = "PUT"', "northlight.page.info", "method 'PUT'"),
        (PAGE, 'path = "/info"', 'path = "/info"\nmethod = "POST"', "northlight.page.info", "a POST has a body"),
        (PAGE, 'path = "/info"', 'path = "/info"\nbody = "x"', "northlight.page.info", "a GET has none"),
        (
            PAGE,
            'path = "/info"',
            'path = "/info"\nmethod = "POST"\nbody = "password=1"',
            "northlight.page.info",
            "logs in",
        ),
        (PAGE, 'path = "/info"', 'path = "/info"\nkind = "isapi.devceinfo"', "northlight.page.info", "isapi.devceinfo"),
        (PAGE, '["northlight"]', '["nobody"]', "northlight.page.info", "'nobody', which has no file"),
        (PAGE, 'references = ["constructed"]', "references = []", "northlight.page.info", "without a source"),
        (MADE_BY, "westlake", "nobody", "northlight.made-by", "maker 'nobody' has no file"),
        (MADE_BY, '"B"', '"Z"', "northlight.made-by", "certainty 'Z'"),
        (MADE_BY, 'references = ["constructed"]', "references = []", "northlight.made-by.westlake", "without a source"),
        (MADE_BY, "westlake", "southgate", "northlight.made-by", "a badge that builds nothing"),
        (MADE_BY, '"B"', '"B"\nstatus = "old"', "northlight.made-by.westlake", "status 'old' is not one of"),
        (MADE_BY, '"B"', '"B"\nfrom = "spring"', "northlight.made-by.westlake", "from 'spring' is no year"),
        (MADE_BY, '"B"', '"B"\nto = "17"', "northlight.made-by.westlake", "to '17' is no year"),
        (MADE_BY, '"B"', '"B"\nfrom = "2017"\nto = "2016"', "northlight.made-by.westlake", "from 2017 comes after"),
        (
            MADE_BY,
            'certainty = "B"',
            "certainty = \"B\"\nseries = '[[:alpha:]]'",
            "northlight.made-by.westlake",
            "pattern",
        ),
    ],
)
def test_a_broken_page_or_relation_is_told(signature_set, files, text, old, new, id, reason):
    assert old in text
    files["northlight"] += text
    assert problems(signature_set(files)) == []
    files["northlight"] = files["northlight"].replace(text, text.replace(old, new, 1))
    assert [p for p in problems(signature_set(files)) if p[:2] == ("northlight.toml", id) and reason in p[2]]


def test_a_component_names_a_maker_of_parts_only(signature_set, files):
    files["northlight"] = files["northlight"].replace(
        'says = { manufacturer = "northlight" }\nreferences = ["constructed"]\nexample',
        'says = { component = "westlake" }\nreferences = ["constructed"]\nexample',
    )
    assert problems(signature_set(files)) == [
        ("northlight.toml", SERVER, "component 'westlake' is not marked as a maker of parts")
    ]
    files["westlake"] = files["westlake"].replace("builds = true", "builds = true\nparts = true")
    assert problems(signature_set(files)) == []


def test_an_id_once_published_is_never_used_again(world):
    assert problems(world, {SERVER: "retired"}) == [("northlight.toml", SERVER, "the id is taken: retired")]


def test_a_registrant_belongs_to_one_vendor(signature_set, files):
    entry = (
        '[[oui]]\nregistrant = "Northlight Optics"\nreferences = ["constructed"]\nchecked = 2026-01-10\n[[signature]]'
    )
    files["westlake"] = files["westlake"].replace("[[signature]]", entry, 1)
    found = problems(signature_set(files))
    assert [(id, reason) for _, id, reason in found] == [
        ("northlight.oui", "registrant 'Northlight Optics' is also claimed by westlake")
    ]


def test_a_name_belongs_to_one_vendor(signature_set, files):
    files["westlake"] = files["westlake"].replace('name = "Westlake"', 'name = "South-Gate"', 1)
    found = problems(signature_set(files))
    assert ("southgate.toml", None, "the name 'southgate' also belongs to westlake") in found


def test_an_example_that_another_vendor_s_signature_takes_is_told(signature_set, files):
    files["westlake"] = files["westlake"].replace('"ftp"', '"http.server"').replace("^220 Westlake", "NLO-Web/")
    files["westlake"] = files["westlake"].replace("220 Westlake", "NLO-Web/1").replace("220 vsFTPd", "vsFTPd")
    found = [p for p in problems(signature_set(files)) if p[1] == SERVER]
    assert len(found) == 1
    assert found[0][2].startswith("example 'NLO-Web/4.2.1' is also read as manufacturer westlake by westlake.ftp")


SHAPES = [
    ("not TOML", "schema = 1", "schema = ", None, "not TOML"),
    ("unknown schema", "schema = 1", "schema = 2", None, "schema 2"),
    ("unknown key", 'short = "Northlight"', 'shrot = "Northlight"', None, "shrot"),
    ("missing key", f'id = "{SERVER}"\nstatus = "experimental"', f'id = "{SERVER}"', SERVER, "status"),
    (
        "wrong type",
        'references = ["constructed"]\nexample',
        'references = "constructed"\nexample',
        SERVER,
        "references",
    ),
    ("strength", 'strength = "strong"', 'strength = "huge"', SERVER, "huge"),
    ("file name", 'id = "northlight"', 'id = "southlight"', "southlight", "file's name"),
]


@pytest.mark.parametrize(("old", "new", "id", "reason"), [s[1:] for s in SHAPES], ids=[s[0] for s in SHAPES])
def test_a_file_of_another_shape_is_not_loaded(signature_set, files, old, new, id, reason):
    files["northlight"] = files["northlight"].replace(old, new, 1)
    with pytest.raises(SignatureError, match=reason) as error:
        signature_set(files)
    assert error.value.file.endswith("northlight.toml")
    assert error.value.id == id
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("engine", ["re", None])
def test_a_broken_model_pattern_or_series_is_not_loaded(signature_set, files, engine):
    world = files | {"northlight": files["northlight"].replace("'^NL-S'", "'^(NL-S'", 1)}
    with pytest.raises(SignatureError) as error:
        signature_set(world, engine=engine)
    assert error.value.id == "northlight.model.speaker"
    files["northlight"] += MADE_BY + "series = '(a'\n"
    with pytest.raises(SignatureError) as error:
        signature_set(files, engine=engine)
    assert error.value.id == "northlight.made-by.westlake"


@pytest.mark.skipif(engine_name() != "re2", reason="google-re2 is not installed")
@pytest.mark.parametrize("pattern", ["^NLO-Web/(?=4)", "^NLO-Web/(?P<firmware>", r"^(NLO)-Web/\1"])
def test_a_pattern_that_re2_refuses_is_not_loaded(signature_set, files, pattern):
    files["northlight"] = files["northlight"].replace("^NLO-Web/(?P<firmware>[^ ]+)", pattern, 1)
    with pytest.raises(SignatureError) as error:
        signature_set(files)
    assert error.value.id == SERVER


def test_a_folder_without_vocabulary_is_no_signature_folder(tmp_path):
    with pytest.raises(ConfigError, match="vocabulary"):
        load_signatures(tmp_path)


def test_an_own_folder_replaces_the_file_of_the_same_id(signature_folder, files, tmp_path):
    folder = signature_folder(files)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "westlake.toml").write_text(files["westlake"].replace("Westlake", "Westlake Two"), "utf-8")
    before, after = load_signatures(folder), load_signatures(folder, [tmp_path / "own"])
    assert after.display_name("westlake") == "Westlake Two"
    assert after.digest != before.digest


def test_a_loop_of_parents_ends(signature_set, files):
    files["northlight"] = files["northlight"].replace("builds = true", 'builds = true\nparent = "harbourview"', 1)
    loaded = signature_set(files)
    assert loaded.parents("northlight") == ("harbourview",)
    assert loaded.parents("harbourview") == ("northlight",)


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        ("^Web(?:cam)?Srv1", 4),
        ("a|bcd", 1),
        ("(?:abcd)*x", 1),
        ("(?:abcd)+x", 4),
        ("[ab]cde", 3),
        ("ab.cd", 2),
        ("", 0),
        ("(?i)abcd", 4),
        ("(?P<model>abc)d", 3),
    ],
)
def test_the_longest_fixed_run_of_a_pattern(pattern, length):
    assert longest_literal(pattern) == length


EXTRA = [
    ("empty source", 'says = { manufacturer = "northlight" }\nreferences = ["constructed"]\nexample',
     'says = { manufacturer = "northlight" }\nreferences = ["constructed", " "]\nexample', SERVER, "is empty"),
    ("empty reference of the vendor", 'own_badge = true\nreferences = ["constructed"]',
     'own_badge = true\nreferences = [""]', None, "reference is empty"),
    ("empty reference of a registrant", 'references = ["constructed"]\nchecked', 'references = [""]\nchecked',
     "northlight.oui", "reference is empty"),
    ("empty reference of a model rule", 'capabilities = ["ptz"]\nreferences = ["constructed"]',
     'capabilities = ["ptz"]\nreferences = [""]', "northlight.model.ptz", "reference is empty"),
    ("everybody's registrant", 'registrant = "Northlight Optics"', 'registrant = "Private"', "northlight.oui",
     "'Private' is no registrant"),
    ("case", 'id = "northlight.onvif.name"', 'id = "northlight.HTTP.server"', "northlight.HTTP.server",
     f"differs from {SERVER} in case alone"),
    ("a repeat of a repeat", "(?P<firmware>[^ ]+)", "(?P<firmware>([^ ]+)+)", SERVER, "a repeat inside a repeat"),
    ("many wide repeats", "(?P<firmware>[^ ]+)", "(?P<firmware>[^ ]+).*a.*b[^<]*c", SERVER, "4 repeats of nearly any"),
    ("a slow model rule", "'^NL-S'", "'^(?:N+L*)+-S'", "northlight.model.speaker", "a repeat inside a repeat"),
    ("a long pattern", "^NLO-Web/(?P<firmware>[^ ]+)", "^NLO-Web/(?P<firmware>[^ ]+)" + "(?:x)?" * 200, SERVER,
     "1000 are the most"),
    ("a draft's source", 'own_badge = true\nreferences = ["constructed"]',
     'own_badge = true\nreferences = ["FILL IN: where"]', None, "`references` is still to be filled in: where"),
    ("a draft's counterexample", 'value = "NLO-Webcam-Viewer/4.2.1"', 'value = "FILL IN: a near miss"', SERVER,
     "`counterexample.value` is still to be filled in: a near miss"),
    ("a draft's example", '4.2.1" }, from = "constructed"', '4.2.1" }, from = "FILL IN: which"', SERVER,
     "`example.from` is still to be filled in: which"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "id", "reason"), [b[1:] for b in EXTRA], ids=[b[0] for b in EXTRA])
def test_what_the_check_refuses_besides_is_told_with_file_id_and_reason(signature_set, files, old, new, id, reason):
    test_a_broken_rule_is_told_with_file_id_and_reason(signature_set, files, old, new, id, reason)


def test_a_prefix_belongs_to_one_vendor(signature_set, files):
    row = '[[oui]]\nprefix = "0a:00:5e"\nreferences = ["constructed"]\nchecked = 2026-01-10\n[[signature]]'
    files["westlake"] = files["westlake"].replace("[[signature]]", row, 1)
    found = problems(signature_set(files))
    assert found == [("westlake.toml", "westlake.oui", "prefix 0A005E is also claimed by harbourview")]


def test_a_collision_is_told_with_both_signatures_the_text_and_the_ways_out(signature_set, files):
    files["westlake"] = files["westlake"].replace('"ftp"', '"http.server"').replace("^220 Westlake", "NLO-Web/")
    files["westlake"] = files["westlake"].replace("220 Westlake", "NLO-Web/1").replace("220 vsFTPd", "vsFTPd")
    ((_, id, reason),) = [p for p in problems(signature_set(files)) if p[1] == SERVER]
    for part in (id, "'NLO-Web/4.2.1'", "westlake.ftp (westlake.toml)", "counterexamples", "[[made_by]]", "generic"):
        assert part in f"{id} {reason}"


@pytest.mark.parametrize("pattern", ["^a+(?:[_-]b+)*$", r"^\d+(?:\.\d+)*", "(?:ab+)+", "a.*b.*c.*d", "(?:a{2,5}b?)*"])
def test_a_pattern_with_a_bound_is_not_called_slow(pattern):
    assert slow(pattern) is None


@pytest.mark.parametrize("pattern", ["(a+)+", "(?:a*b*)*", "(?:(?:a+|b)+)+", "(?:[ab]+c?)+", "x(?:a{1,99})*"])
def test_a_repeat_of_a_repeat_is_called_slow(pattern):
    assert slow(pattern)
