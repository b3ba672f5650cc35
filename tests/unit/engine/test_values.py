"""Dates, firmware, models and names as they are compared; the firmware texts are of the makers' own shapes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.engine.values import model_key, name_key, normal_date, placeholder_model, split_firmware, without_maker


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("220412", "2022-04-12"),
        ("20220412", "2022-04-12"),
        ("2022-04-12", "2022-04-12"),
        ("2022/04/12", "2022-04-12"),
        ("2012-1-1", "2012-01-01"),
        ("build 240826", "2024-08-26"),
        (" 2016-08-02 10:11:12", "2016-08-02"),
        ("2016-08-02T10:11:12Z", "2016-08-02"),
        ("000101", "2000-01-01"),
    ],
)
def test_every_form_of_a_day_is_read(text, day):
    assert normal_date(text) == day


@pytest.mark.parametrize(
    "text",
    ["", "V5.7", "221332", "20220230", "19991231", "99991231", "2022-13-01", "1234567", "2022-04/12", "x" * 5000],
)
def test_what_is_no_day_of_this_century_is_none(text):
    assert normal_date(text) is None


@pytest.mark.parametrize(
    ("text", "version", "day"),
    [
        ("V5.6.6 build 210625", "V5.6.6", "2021-06-25"),
        ("V4.62.210 build 230619", "V4.62.210", "2023-06-19"),
        ("V3.2.30_build221223", "V3.2.30", "2022-12-23"),
        ("V1.0build 200101", "V1.0", "2020-01-01"),
        ("5.5.114_201209", "5.5.114", "2020-12-09"),
        ("2.800.0000016.0.R,build:2020-06-05", "2.800.0000016.0.R", "2020-06-05"),
        ("2.622.0000000.18.R, Build Date: 2018-08-27", "2.622.0000000.18.R", "2018-08-27"),
        ("V2.800.0000000.16.R.210716", "V2.800.0000000.16.R", "2021-07-16"),
        ("2.420.AC00.17.T.20170731", "2.420.AC00.17.T", "2017-07-31"),
        ("2.420.0000.0.R,170731", "2.420.0000.0.R", "2017-07-31"),
        ("NVR-B3801.20.17.240507", "NVR-B3801.20.17.240507", "2024-05-07"),
        ("1.41.02_20210909", "1.41.02", "2021-09-09"),
        ("SRN4000_v2.16_170401", "SRN4000_v2.16", "2017-04-01"),
    ],
)
def test_a_build_date_is_split_off_where_the_maker_puts_it(text, version, day):
    assert split_firmware(text) == (version, day)


@pytest.mark.parametrize(
    "text",
    [
        "7.87.0039",
        "FD8182-VVTK-0106a",
        "V5.7.1 build 991399",
        "9.80.1",
        "4.001.0000005.0",
        "1.0.0.210101",
        "build 210625x",
        "V1.2_100234",
        "",
    ],
)
def test_other_versions_stay_whole(text):
    assert split_firmware(text) == (text, None)


@given(st.text(max_size=300))
def test_nothing_in_a_firmware_text_is_lost_without_a_date(text):
    version, day = split_firmware(text)
    assert day is not None or version == " ".join(text.split())


@given(st.text(max_size=300))
def test_a_day_is_iso_or_nothing(text):
    day = normal_date(text)
    assert day is None or (len(day) == 10 and "2000-01-01" <= day <= "2099-12-31")


@pytest.mark.parametrize("text", ["", "N/A", "IPC", "IP Camera", "ip_camera", "Network Camera", "unknown", "--", "NVR"])
def test_a_kind_of_device_is_no_model(text):
    assert placeholder_model(text)


@pytest.mark.parametrize("text", ["NVR301", "M1065-LW", "IPC-HFW2449S", "C6N", "E1 Zoom"])
def test_short_models_are_models(text):
    assert not placeholder_model(text)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("HIKVISION DS-2CD2385G1-I", "DS-2CD2385G1-I"),
        ("Hikvision_DS-7608", "DS-7608"),
        ("HIKVISIONDS-2", "HIKVISIONDS-2"),
        ("Hikvision", "Hikvision"),
        ("Hikvision ", "Hikvision"),
        ("Hangzhou Hikvision DS-1", "DS-1"),
    ],
)
def test_a_leading_company_name_is_no_part_of_the_model(text, model):
    assert without_maker(text, ("Hikvision", "Hangzhou Hikvision")) == model


def test_names_are_compared_by_letters_and_digits():
    assert name_key("I-PRO Co., Ltd.") == name_key("i pro co ltd") == "iprocoltd"
    assert name_key("海康威视") == "海康威视"
    assert name_key("...") == ""
    assert model_key(" ds-2cd 2385g1 ") == "DS-2CD2385G1"
