from netcam.wire.telnet import speaks_telnet, strip_negotiation


def test_negotiation_is_left_out_and_text_stays():
    raw = b"\xff\xfd\x18\xff\xfb\x01\xff\xfa\x18\x01\xff\xf0\r\nlogin: \xff\xf1\xff\xff"
    assert strip_negotiation(raw) == b"\r\nlogin: \xff"
    assert speaks_telnet(raw)


def test_a_command_cut_at_any_byte_is_left_out():
    raw = b"ab\xff\xfa\x18\x01\xff\xf0cd\xff\xfd"
    assert [strip_negotiation(raw[:n]) for n in range(len(raw) + 1)] == [
        b"",
        b"a",
        b"ab",
        b"ab",
        b"ab",
        b"ab",
        b"ab",
        b"ab",
        b"ab",
        b"abc",
        b"abcd",
        b"abcd",
        b"abcd",
    ]


def test_plain_text_is_no_telnet():
    assert not speaks_telnet(b"220 FTP ready\r\n")
