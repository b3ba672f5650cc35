import pytest

from netcam.errors import DecodeError
from netcam.wire.xml import DEPTH_LIMIT, NODE_LIMIT, SIZE_LIMIT, read_xml


def read(text):
    return read_xml(text if isinstance(text, bytes) else text.encode(), protocol="test")


def test_names_are_local_and_found_in_any_case():
    assert read('<a:Root xmlns:a="urn:x"><b:OEMinfo>Northlight</b:OEMinfo></a:Root>').text_of("OEMInfo") == "Northlight"


def test_a_bare_ampersand_leaves_the_other_fields_readable():
    root = read("<r><Name>Fish & Chips</Name><Model>NL-220</Model></r>")
    assert (root.text_of("Name"), root.text_of("Model")) == ("Fish & Chips", "NL-220")


def test_a_document_type_is_refused_and_no_entity_is_expanded():
    with pytest.raises(DecodeError, match="document type"):
        read('<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><Name>&b;</Name></r>')
    with pytest.raises(DecodeError):
        read('<!doctype r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>')


def test_an_undefined_entity_stays_as_written():
    assert read("<r><Name>&nowhere;</Name></r>").text_of("Name") == "&nowhere;"


@pytest.mark.parametrize("close", ["", "</a>" * (DEPTH_LIMIT + 1)])
def test_too_many_levels_are_refused_closed_or_not(close):
    with pytest.raises(DecodeError, match="too deep"):
        read("<a>" * (DEPTH_LIMIT + 1) + close)


def test_too_many_elements_are_refused():
    with pytest.raises(DecodeError, match="too many"):
        read("<r>" + "<a/>" * NODE_LIMIT + "</r>")


def test_too_many_attributes_are_refused():
    with pytest.raises(DecodeError):
        read("<r " + " ".join(f'a{n}="1"' for n in range(100)) + "/>")


def test_a_document_past_the_size_limit_is_refused_before_it_is_read():
    with pytest.raises(DecodeError) as caught:
        read(b"<r>" + b" " * SIZE_LIMIT + b"</r>")
    assert caught.value.offset == SIZE_LIMIT


def test_gb2312_under_its_own_name_and_under_a_utf8_heading_reads_the_same():
    body = "<r><Name>网络摄像机</Name></r>"
    named = b'<?xml version="1.0" encoding="GB2312"?>' + body.encode("gb2312")
    misnamed = b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode("gb2312")
    assert read(named).text_of("Name") == read(misnamed).text_of("Name") == "网络摄像机"


def test_padding_and_junk_after_the_document_are_ignored():
    assert read("\0\r\n<r><a>1</a></r>\0\0\0").text_of("a") == "1"
    assert read("<r><a>1</a></r>junk & more").text_of("a") == "1"


def test_text_of_an_element_that_never_closed_is_left_out():
    root = read("<r><Model>NL-220</Model><Serial>1234")
    assert (root.text_of("Model"), root.text_of("Serial")) == ("NL-220", None)


def test_a_fragment_without_a_single_root_is_read():
    root = read("<Model>NL-220</Model><Serial>1</Serial>")
    assert (root.text_of("Model"), root.text_of("Serial")) == ("NL-220", "1")


def test_a_broken_document_keeps_records_apart():
    root = read("<r><m><n>one</n><s>1</s></m><m><n>A & B</n><s>2</s></m>")
    assert [m.text_of("s") for m in root.all("m")] == ["1", "2"]


def test_text_without_markup_is_no_xml():
    with pytest.raises(DecodeError):
        read("hello")
