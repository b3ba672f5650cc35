"""[[export]] as words of `netcam export`."""

import pytest

from netcam.config.exports import exports_of, words_of
from netcam.config.load import load, read
from netcam.errors import ConfigError

SITES = '[[site]]\nid = "a"\ntargets = ["10.0.0.0/24"]\n[[site]]\nid = "b"\ntargets = ["10.1.0.0/24"]\n'


@pytest.fixture
def made(tmp_path):
    def make(options, env=None, head='to = "netbox"'):
        path = tmp_path / "netcam.toml"
        path.write_text(f"[[export]]\n{head}\n[export.options]\n{options}\n{SITES}", "utf-8")
        config = load(path, {})
        return config, words_of(config, config.file.export[0], "a", env or {})

    return make


def test_options_become_words_and_the_destination_s_own_become_settings(made):
    config, found = made(
        'token_env = "NB"\nca_file = "ca.pem"\ntries = 3\nsite = ["a:A", "b:B"]\ndry = true\noutput = "out/{site}.prom"'
    )
    folder = config.path.parent
    assert found.words == (
        "--to", "netbox", "--token-env", "NB", "--ca-file", str(folder / "ca.pem"), "--tries", "3",
        "-O", "site=a:A", "-O", "site=b:B", "-O", "dry=true", "--output", str(folder / "out/a.prom"),
    )  # fmt: skip


def test_no_secret_is_among_the_words_that_every_user_of_the_machine_can_read(made):
    env = {"PW": "hunter2", "TOKEN": "hunter3"}
    _, found = made('url = "https://netcam:${PW}@netbox.example"\ntoken = "${TOKEN}"', env)
    assert "hunter" not in str(found.words)
    assert found.words == ("--to", "netbox", "--url-env", "NETCAM_EXPORT_URL", "--token-env", "TOKEN")
    assert found.env == {"NETCAM_EXPORT_URL": "https://netcam:hunter2@netbox.example"}
    with pytest.raises(ConfigError, match="token_env"):
        made('signing_key = "${TOKEN}"', env)


def test_a_variable_that_is_missing_and_a_value_that_no_option_takes_are_told(made):
    with pytest.raises(ConfigError, match="export 'netbox': url: the environment variable PW is not set"):
        made('url = "https://${PW}"')
    with pytest.raises(ConfigError, match="export 'netbox': deep: expected a text"):
        made("deep = { er = 1 }")


def test_a_destination_is_for_all_sites_or_for_those_that_it_names(made):
    config, _ = made("", head='to = "netbox"\nsites = ["b"]')
    assert [len(exports_of(config, site)) for site in (*config.file.site, None)] == [0, 1, 0]
    config, _ = made("")
    assert [len(exports_of(config, site)) for site in (*config.file.site, None)] == [1, 1, 1]


def test_a_name_that_could_lead_elsewhere_as_a_file_is_refused(tmp_path):
    (tmp_path / "netcam.toml").write_text('[[export]]\nto = "netbox"\nname = "../../x"\n')
    (trouble,) = read(tmp_path / "netcam.toml", {})[1]
    assert "export.name '../../x' is not lower-case words" in trouble.reason
