# SPDX-License-Identifier: Apache-2.0
"""Vendors' key files: KEM in all its wrappings, XML lists, lists without headings, hostile ones."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.registry.identifiers import MeterAddress
from avlest.registry.importing.engine import Upload, do_import
from avlest.registry.importing.key_files import PasswordError, read_key_file, write_kem
from avlest.registry.importing.report import ImportFileError, OnError
from avlest.registry.importing.zips import Limits
from avlest.registry.models import Meter
from avlest.registry.services.keys import get_meter_keys
from tests.registry.builders import make_meter

KEYS = {"71234567": "000102030405060708090A0B0C0D0E0F", "71234568": "101112131415161718191A1B1C1D1E1F"}
METERS = [
    {"MeterNo": f"A{serial}", "SerialNo": serial, "DEK": key, "MeterName": "MC21", "VendorId": "KAM"}
    for serial, key in KEYS.items()
]
PLAIN_KEM = (
    '<?xml version="1.0"?><MetersInOrder orderid="7" schemaVersion="2.0">'
    + "".join(
        f"<Meter><MeterNo>A{s}</MeterNo><SerialNo>{s}</SerialNo><EncKeys><DEK>{k}</DEK></EncKeys>"
        f"<MeterName>MC21</MeterName><VendorId>KAM</VendorId></Meter>"
        for s, k in KEYS.items()
    )
    + "</MetersInOrder>"
)
DEVICES = (
    '<Devices schemaVersion="1.0">'
    + "".join(
        f"<Device><SerialNumber>{s}</SerialNumber><CustomerDeviceNumber>A{s}</CustomerDeviceNumber>"
        f"<ManufacturerId>KAM</ManufacturerId><ShortName>MC21</ShortName><Keys>"
        f"<Key><Name>GPK60</Name><Value>{'FF' * 16}</Value></Key><Key><Name>DEK</Name><Value>{k}</Value></Key>"
        "</Keys></Device>"
        for s, k in KEYS.items()
    )
    + "</Devices>"
)
ATTRIBUTES = "<list>" + "".join(f'<meter id="{s}" mfct="KAM" aes="{k}"/>' for s, k in KEYS.items()) + "</list>"
NESTED = (
    '<delivery xmlns="urn:x"><order><nr>1</nr></order><meters>'
    + "".join(
        f"<meter><SerialNumber>{s}</SerialNumber><mfct>KAM</mfct><AESKey>{k}</AESKey></meter>" for s, k in KEYS.items()
    )
    + "</meters></delivery>"
)
SECRET = "kari-og-ola"


def zipped(content: bytes, name: str = "order.kem") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meter_information_file.xsd", "<xs/>")
        archive.writestr(name, content)
    return stream.getvalue()


def load(actor, content: bytes, *, now, password=None, name="keys"):
    return do_import(actor, "keys", Upload(name, content, password), on_error=OnError.REFUSE_ALL, now=now)


FORMS = {
    "encrypted KEM": write_kem(METERS, password=SECRET),
    "zipped KEM": zipped(write_kem(METERS, password=SECRET)),
    "zipped KEM2": zipped(write_kem(METERS, password=SECRET), "order.kem2"),
    "decrypted KEM": PLAIN_KEM.encode(),
    "devices": DEVICES.encode(),
    "XML attributes": ATTRIBUTES.encode("utf-16"),
    "XML nested with a namespace": NESTED.encode(),
    "maker;serial;key without headings": "".join(f"KAM;{s};{k}\n" for s, k in KEYS.items()).encode(),
    "CSV with headings": ("Hersteller;Zählernummer;AES-Schlüssel\n" + "".join(
        f"KAM;{s};{'-'.join(k[i : i + 2] for i in range(0, 32, 2))}\n" for s, k in KEYS.items()
    )).encode("cp1252"),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_key_file_gives_the_same_keys(actor, now, form):
    """The same two keys come out of every form, and unknown meters are made from what it tells."""
    report = load(actor, FORMS[form], now=now, password=SECRET)
    assert (report.issues, dict(report.created)) == ((), {"meter": 2, "meterkey": 2})
    keys = get_meter_keys()
    assert dict(keys) == {MeterAddress("KAM", s): (bytes.fromhex(k),) for s, k in KEYS.items()}
    assert load(actor, FORMS[form], now=now, password=SECRET).unchanged == 2


@pytest.mark.django_db
def test_a_kem_names_the_number_on_the_meter_and_its_model(actor, now):
    """Meters made from a KEM carry the printed number and the model."""
    load(actor, FORMS["encrypted KEM"], now=now, password=SECRET)
    meter = Meter.objects.get(serial="71234567")
    assert (meter.printed_number, meter.model, meter.state) == ("A71234567", "MC21", "stock")


@pytest.mark.django_db
def test_keys_without_a_maker_go_to_known_meters_only(actor, now):
    """`serial;key` is enough for a registered meter; an unknown one is named."""
    make_meter(actor, "71234567")
    text = "".join(f"{s};{k}\n" for s, k in KEYS.items())
    report = load(actor, text.encode(), now=now)
    assert [str(issue) for issue in report.issues] == [
        "line 2, serial is '71234568': no such meter in the register; import the meters first"
    ]
    report = load(actor, text.splitlines(keepends=True)[0].encode(), now=now)
    assert (report.applied, len(get_meter_keys())) == (True, 1)


@pytest.mark.django_db
def test_a_serial_of_two_makers_needs_the_maker(actor, now):
    """A key for a serial that two makers' meters have is not guessed."""
    for maker in ("KAM", "SEN"):
        make_meter(actor, "71234567", maker)
    report = load(actor, f"71234567;{KEYS['71234567']}\n".encode(), now=now)
    assert "several meters have it; add a manufacturer column (KAM, SEN)" in str(report.issues[0])


def read(content: bytes, password: str | None = SECRET):
    return read_key_file(content, filename="keys", limits=Limits(), password=password)


@pytest.mark.parametrize(
    ("password", "message"),
    [
        (None, "the file is encrypted: give the customer's password"),
        ("wrong", "the password does not open the file"),
        ("a password that is far too long", "a KEM password has at most 16"),
    ],
)
def test_a_password_that_is_missing_or_wrong_is_said(password, message):
    """Each way a password can fail has its sentence; it is not repeated."""
    with pytest.raises(PasswordError, match=message) as caught:
        read(FORMS["encrypted KEM"], password)
    assert str(password) not in str(caught.value)


KEM = FORMS["encrypted KEM"].decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (KEM.replace("aes128-cbc", "tripledes-cbc"), "expected aes128-cbc"),
        (KEM.replace("</CipherValue>", "A</CipherValue>"), "not base64"),
        (KEM.replace("<CipherValue>", "<CipherValue>AAAA"), "no multiple of 16"),
        ("<a><b>", "not well-formed XML"),
        ("<a><b>x</b></a>", "no list of meters with keys in the element a"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "refused as hostile"),
        ('<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>', "refused as hostile"),
        (f"{KEYS['71234567']}\n", "add a row of headings"),
        ("", "the file is empty"),
        ("\n\n", "the file has no rows"),
    ],
)
def test_a_broken_or_hostile_key_file_says_what_is_wrong(content, message):
    """Each way a key file can be unusable has its own sentence, without key material."""
    with pytest.raises(ImportFileError, match=message) as caught:
        read(content.encode())
    assert KEYS["71234567"] not in str(caught.value)


def test_a_zip_bomb_in_place_of_a_kem_is_refused():
    """A container that unpacks to far more than its size is not unpacked."""
    with pytest.raises(ImportFileError, match="refused as a zip bomb"):
        read(zipped(b"<a>" + b" " * 50_000_000 + b"</a>"))


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fall_over(content):
    """Whatever comes in, the answer is a table or an `ImportFileError`."""
    for start in (b"", b"<", b"PK\x03\x04"):
        try:
            read(start + content)
        except ImportFileError:
            continue


@given(st.integers(min_value=1, max_value=40))
def test_padding_of_every_length_is_taken_off(length):
    """A KEM of any length decrypts: the padding of xmlenc is cut after the last element."""
    content = write_kem([{**METERS[0], "MeterName": "M" * length}], password=SECRET)
    table = read(content)
    assert table.format == "kem"
    assert len(table.rows) == 2
