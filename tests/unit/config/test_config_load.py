"""netcam.toml: what it takes, and what it says about what it doesn't."""

import os
from pathlib import Path

import pytest

from netcam.config.load import expanded, find, history_db, load, masked_url, read
from netcam.config.show import rows
from netcam.errors import ConfigError

WHOLE = """
[scan]
pace = "gentle"
lists = ["us-ndaa-889"]
without = ["snmp"]
with = ["sip"]
ports = [
  "80",
  "443",
]
deadline = "1h"

[[site]]
id = "store-17"
name = "Store 17, Lyon"
targets = ["10.17.0.0/24"]
exclude = ["10.17.0.1"]
never = [{ address = "10.17.0.40-49", why = "tills" }]
timezone = "Europe/Paris"
opening_hours = ["mon-sat 08:30-20:00"]
scan = "outside"

[[site]]
id = "store-18"
targets = ["10.18.0.0/24"]
pace = "fast"
[[site.never]]
address = "10.18.0.5"
why = "card terminal"

[output]
folder = "reports"
keep = "90d"

[history]
db = "postgresql://netcam@db.example/netcam"
password_env = "DB_PASSWORD"

[[export]]
to = "netbox"
sites = ["store-17"]
[export.options]
url = "https://netbox.example"
token_env = "NETBOX_TOKEN"

[schedule]
at = ["02:30"]
timezone = "Europe/Paris"
jitter = "10m"
"""


@pytest.fixture
def wrong(tmp_path):
    def troubles(text, env=None):
        path = tmp_path / "netcam.toml"
        path.write_text(text, "utf-8")
        return [str(t).removeprefix(f"{path}") for t in read(path, env or {})[1]]

    return troubles


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "netcam.toml"
    path.write_text(WHOLE, "utf-8")
    return path


def test_a_whole_file_is_read(whole):
    config = load(whole, {})
    assert config.file.scan.pace == "gentle"
    assert config.site("Store 17, Lyon") is config.site("store-17")
    assert config.site("store-17").never[0].why == "tills"
    assert config.deadline_s(config.site("store-18")) == 3600
    assert config.beside("reports") == whole.parent / "reports"
    assert config.file.export[0].options["url"] == "https://netbox.example"


SITE = '[[site]]\nid = "a"\ntargets = ["10.0.0.0/24"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[scan]\npase = "fast"', ":2: [scan] unknown key 'pase'"),
        ('[scan]\n\npace = "fats"', ":3: scan.pace 'fats': is 'fast' meant?"),
        ('[scann]\n', ":1: unknown key 'scann'; is 'scan' meant?"),
        ("[scan]\npasses = 9", ":2: scan.passes 9 is not between 1 and 5"),
        ("[scan]\npasses = 'two'", ":2: [scan] passes: expected a whole number or"),
        ("[scan\n", ":1: not TOML"),
        ('[[site]]\nid = "a"\n', ":1: [site] the key 'targets' is missing"),
        (SITE + 'exlude = ["10.0.0.1"]', ":4: [site] unknown key 'exlude'; is 'exclude' meant?"),
        (SITE + "never = [{ address = '10.0.0.5' }]", ":4: [site.never] the key 'why' is missing"),
        (SITE + '[[site.never]]\naddress = "10.0.0.400"\nwhy = "till"', ":5: site.never.address: '10.0.0.400' is no"),
        (SITE + '[[site.never]]\naddress = "till-1"\nwhy = "till"', ":5: site.never.address: 'till-1' is no address"),
        (SITE + '[[site.never]]\naddress = "10.0.0.4"\nwhy = " "', ":6: site.never.why is empty"),
        (SITE + 'opening_hours = ["mon 08:00-20:00"]', ":1: [[site]] a: timezone is missing"),
        (SITE + 'timezone = "Europe/Pari"', ":4: site.timezone: 'Europe/Pari' is no time zone; is 'Europe/Paris' m"),
        (SITE + 'scan = "inside"', ":4: site.scan 'inside' says nothing without opening_hours"),
        (SITE + SITE, ":5: site.id 'a' is another site's too"),
        (SITE + SITE.replace('"a"', '"b"\nname = "a"'), ":6: site.name 'a' is another site's too"),
        (SITE.replace('"a"', '"Store 17"'), ":2: site.id 'Store 17' is not lower-case words"),
        (SITE.replace('"a"', '"all"'), ":2: site.id 'all' stands for"),
        ('[history]\ndb = "postgresql://n:secret@h/d"', ":2: history.db holds a password"),
        ('[output]\nkeep = "90"', ":2: output.keep: '90' is no duration"),
        ('[output]\nfolder = "/srv/${HOME}"', ":2: output.folder: ${HOME} is read in"),
        ('[[export]]\nto = "netbox"\noptions = { token = "abc" }', ":3: export 'netbox': token would hold a secret"),
        ('[[export]]\nto = "netbox"\noptions = { token_env = "a b" }', ":3: export.options.token_env is the name of"),
        ('[[export]]\nto = "x"\n[[export]]\nto = "x"', ":4: export 'x' is there twice"),
        ('[[export]]\nto = "x"\nsites = ["b"]\n' + SITE, ":3: export.sites 'b': it is one of a"),
        ('[schedule]\nevery = "6h"\nat = ["02:30"]', ":3: schedule.at beside every"),
        ('[schedule]\nevery = "10s"', ":2: schedule.every: '10s' is too often"),
        ('[schedule]\nat = ["24:00"]', ":2: schedule.at: '24:00' is no time of day"),
    ],
    ids=range(29),
)
def test_what_is_wrong_is_told_with_its_line(wrong, text, said):
    found = wrong(text)
    assert len(found) == 1, found
    assert found[0].startswith(said)


def test_a_secret_is_never_repeated_by_the_message_about_it(wrong):
    text = '[history]\ndb = "postgresql://n:hunter2@h/d"\n[[export]]\nto = "netbox"\noptions = { token = "hunter2" }'
    found = wrong(text)
    assert len(found) == 2
    assert "hunter2" not in str(found)


def test_several_faults_are_all_told_in_the_order_of_their_lines(whole):
    whole.write_text('[schedule]\nevery = "x"\n[scan]\npace = "x"\nengine = "y"\n')
    found = read(whole, {})[1]
    assert [t.where.rpartition(":")[2] for t in found] == ["2", "4", "5"]
    with pytest.raises(ConfigError, match=r":2: .*\(and 2 more: `netcam config check`\)"):
        load(whole, {})


def test_the_environment_comes_before_the_file(whole):
    env = {
        "NETCAM_SCAN_PACE": "fast", "NETCAM_SCAN_LISTS": "us-fcc-covered, us-ndaa-889", "NETCAM_SCAN_PASSES": "2",
        "NETCAM_SCAN_IPV6": "true", "NETCAM_OUTPUT_KEEP": "30d", "NETCAM_SCAN_PORTS": "80", "OTHER": "x",
    }  # fmt: skip
    config = load(whole, env)
    assert config.file.scan.pace == "fast"
    assert config.file.scan.lists == ["us-fcc-covered", "us-ndaa-889"]
    assert (config.file.scan.passes, config.file.scan.ipv6, config.file.scan.ports) == (2, True, "80")
    assert config.file.output.keep == "30d"
    assert config.origins["scan.pace"] == "NETCAM_SCAN_PACE"
    assert config.origins["scan.without"] == f"{whole}:5"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NETCAM_SCAN_DEADLIN", "1h", "NETCAM_SCAN_DEADLIN: no such setting; is NETCAM_SCAN_DEADLINE meant?"),
        ("NETCAM_SCAN_PACE", "fats", "NETCAM_SCAN_PACE: scan.pace 'fats': is 'fast' meant?"),
        ("NETCAM_SCAN_PASSES", "two", "NETCAM_SCAN_PASSES: 'two' is no whole number"),
        ("NETCAM_SCAN_IPV6", "si", "NETCAM_SCAN_IPV6: 'si' is neither true nor false"),
        ("NETCAM_SCHEDULE_EVERY", "6", "NETCAM_SCHEDULE_EVERY: schedule.every: 6 is too often"),
    ],
    ids=range(5),
)
def test_a_wrong_variable_is_named(whole, name, value, said):
    with pytest.raises(ConfigError) as caught:
        load(whole, {name: value})
    assert str(caught.value).startswith(said)


def test_an_interval_in_the_environment_takes_the_place_of_times_in_the_file(whole):
    plan = load(whole, {"NETCAM_SCHEDULE_EVERY": "6h"}).file.schedule
    assert (plan.every, plan.at, plan.timezone, plan.jitter) == ("6h", [], None, "10m")


def test_a_variable_that_holds_a_secret_is_no_setting(whole):
    whole.write_text('[history]\ndb = "postgresql://n@h/d"\npassword_env = "NETCAM_HISTORY_SECRET"\n')
    config = load(whole, {"NETCAM_HISTORY_SECRET": "p@ss/word"})
    assert history_db(config, {"NETCAM_HISTORY_SECRET": "p@ss/word"}) == "postgresql://n:p%40ss%2Fword@h/d"
    with pytest.raises(ConfigError, match="NETCAM_HISTORY_SECRET is not set"):
        history_db(config, {})


def test_the_password_of_the_database_comes_from_the_environment_or_a_file(whole):
    whole.write_text('[history]\ndb = "postgresql://n:${DB_PW}@h/d"\n')
    assert history_db(load(whole, {}), {"DB_PW": "x"}) == "postgresql://n:x@h/d"
    (whole.parent / "pw").write_text("y\n")
    whole.write_text('[history]\ndb = "postgresql://n@h/d"\npassword_file = "pw"\n')
    assert history_db(load(whole, {}), {}) == "postgresql://n:y@h/d"
    (whole.parent / "pw").unlink()
    with pytest.raises(ConfigError, match=r"password_file .*can't be read"):
        history_db(load(whole, {}), {})


def test_a_database_that_is_a_file_lies_beside_the_settings(whole):
    whole.write_text('[history]\ndb = "netcam.db"\n')
    assert history_db(load(whole, {}), {}) == str(whole.parent / "netcam.db")


def test_a_whole_address_in_the_environment_may_hold_its_password_and_is_shown_without(whole):
    env = {"NETCAM_HISTORY_DB": "postgresql://n:hunter2@h/d", "DB_PASSWORD": "hunter3"}
    config = load(whole, env)
    shown = {row.key: row for row in rows(config, env)}
    assert shown["history.db"].value == '"postgresql://n:***@h/d"'
    assert shown["history.db"].origin == "NETCAM_HISTORY_DB"
    assert not any("hunter" in row.value for row in shown.values())


def test_show_has_every_setting_with_where_it_came_from(whole):
    env = {"NETBOX_TOKEN": "hunter2"}
    shown = {row.key: (row.value, row.origin) for row in rows(load(whole, env), env)}
    assert shown["scan.pace"] == ('"gentle"', f"{whole}:3")
    assert shown["scan.engine"] == ('"connect"', "default")
    assert shown["site.store-17.never"] == ('[{address = "10.17.0.40-49", why = "tills"}]', f"{whole}:18")
    assert shown["export.netbox.options.token_env"][0] == '"NETBOX_TOKEN" (set)'
    assert "hunter2" not in str(shown)


def test_addresses_with_secrets_are_masked_and_others_are_not():
    assert masked_url("https://a:b@h/p?q") == "https://a:***@h/p?q"
    assert masked_url("https://a:${B}@h/p") == "https://a:${B}@h/p"
    assert masked_url("https://h/p") == "https://h/p"


def test_a_variable_that_is_missing_is_named_where_it_is_wanted():
    assert expanded("a${X}b", {"X": "1"}, "here") == "a1b"
    with pytest.raises(ConfigError, match="here: the environment variable X is not set"):
        expanded("${X}", {}, "here")


def test_the_file_is_searched_in_its_order(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home / "netcam", here):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    env = {"XDG_CONFIG_HOME": str(home)}
    (home / "netcam" / "netcam.toml").write_text("")
    assert find(None, env) == home / "netcam" / "netcam.toml"
    Path("netcam.toml").write_text("")
    assert find(None, env) == Path("netcam.toml")
    (tmp_path / "named.toml").write_text("")
    assert find(None, {**env, "NETCAM_CONFIG": str(tmp_path / "named.toml")}) == tmp_path / "named.toml"
    assert find(Path(os.devnull), {**env, "NETCAM_CONFIG": "nowhere"}) == Path(os.devnull)
    for given, variables in ((Path("nowhere"), env), (None, {"NETCAM_CONFIG": "nowhere"})):
        with pytest.raises(ConfigError, match="nowhere: there is no such file"):
            find(given, variables)


def test_settings_of_the_system_that_nobody_may_read_are_not_passed_over(tmp_path, monkeypatch):
    class Shut:
        def stat(self):
            raise PermissionError(13, "Permission denied")

        def __str__(self):
            return "/etc/netcam/netcam.toml"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("netcam.config.load.SYSTEM", Shut())
    with pytest.raises(ConfigError, match=r"/etc/netcam/netcam\.toml: can't be read: Permission denied; --config"):
        find(None, {"XDG_CONFIG_HOME": str(tmp_path)})
    monkeypatch.setattr("netcam.config.load.SYSTEM", tmp_path / "nowhere" / "netcam.toml")
    assert find(None, {"XDG_CONFIG_HOME": str(tmp_path)}) is None


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "a.toml", {})
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, {})


def test_hostile_words_in_a_file_are_shown_escaped(wrong):
    assert "\x1b" not in str(wrong('[scan]\npace = "\\u001b[31mfast"'))
