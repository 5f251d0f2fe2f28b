"""Declared origin: what a file says of itself, in closed words, without a network."""

import io
import socket
import zlib

import pytest
from PIL import Image
from signed_pictures import SOURCE_TYPES, png, signed, with_chunk, xmp

from perito.errors import Malformed, Missing
from perito.findings.wording import refused_words
from perito.match import declared_origin

CREATED_BY_AI = {"action": "c2pa.created", "digitalSourceType": f"{SOURCE_TYPES}trainedAlgorithmicMedia"}


@pytest.fixture(scope="module")
def ai_picture():
    return signed([CREATED_BY_AI])


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_a_signed_declaration_names_generator_signer_integrity_and_trust_apart(ai_picture):
    found = declared_origin(ai_picture[0])
    assert (found.state, found.manifests, found.integrity, found.trust) == (
        "declared",
        1,
        "valid",
        "untrusted",
    )
    declaration = found.declarations[0]
    assert (declaration.carrier, declaration.kind) == ("c2pa", "ai_generated")
    assert declaration.by == "test generator 1"
    assert declaration.signer == "Signer"
    assert found.codes == ("signingCredential.untrusted",)


def test_the_signer_is_trusted_only_by_an_anchor_given_from_outside(ai_picture):
    data, authority = ai_picture
    assert declared_origin(data, trust_anchors=authority).trust == "trusted"
    assert declared_origin(data, trust_anchors=signed([CREATED_BY_AI])[1]).trust == "untrusted"


def test_a_changed_pixel_makes_the_content_invalid_and_the_declaration_stays_told(ai_picture):
    data = bytearray(ai_picture[0])
    data[data.rindex(b"IDAT") + 12] ^= 1
    found = declared_origin(bytes(data))
    assert (found.state, found.integrity) == ("declared", "invalid")
    assert "assertion.dataHash.mismatch" in found.codes


def test_a_manifest_that_declares_no_such_source_is_no_declaration():
    captured = {"action": "c2pa.created", "digitalSourceType": f"{SOURCE_TYPES}digitalCapture"}
    found = declared_origin(signed([captured])[0])
    assert (found.state, found.declarations, found.manifests) == ("manifest_without_origin", (), 1)


def test_white_space_around_the_declared_type_does_not_hide_it():
    spaced = {**CREATED_BY_AI, "digitalSourceType": f" {SOURCE_TYPES}trainedAlgorithmicMedia\n"}
    assert declared_origin(signed([spaced])[0]).declarations[0].kind == "ai_generated"


def test_an_ordinary_save_removes_the_declaration_and_nothing_is_concluded(ai_picture):
    out = io.BytesIO()
    Image.open(io.BytesIO(ai_picture[0])).convert("RGB").save(out, "JPEG")
    found = declared_origin(out.getvalue())
    assert found.state == "none"
    assert "says nothing" in found.text().en
    assert "no dice nada" in found.text().es


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("trainedAlgorithmicMedia", "ai_generated"),
        (f"{SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia", "ai_composite"),
        (f"{SOURCE_TYPES}algorithmicMedia", "algorithmic"),
    ],
)
def test_xmp_declares_without_a_signature(value, kind):
    data = with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(value))
    declaration = declared_origin(data).declarations[0]
    assert (declaration.carrier, declaration.kind, declaration.by) == ("xmp", kind, "A generator 2")
    assert (declaration.integrity, declaration.trust) == ("unsigned", None)


def test_xmp_in_a_jpeg_and_packed_in_a_png_is_found():
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", xmp=xmp("trainedAlgorithmicMedia"))
    packed = with_chunk(
        b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp("trainedAlgorithmicMedia"))
    )
    assert [declared_origin(data).state for data in (out.getvalue(), packed)] == ["declared", "declared"]


def test_a_photograph_declares_no_such_origin():
    data = with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(f"{SOURCE_TYPES}digitalCapture"))
    assert declared_origin(data).state == "none"


def test_parameters_of_a_generator_are_told_without_repeating_the_prompt():
    found = declared_origin(with_chunk(b"tEXt", b"parameters\0a private name, Steps: 20"))
    assert found.declarations[0].kind == "generator_parameters"
    assert "private" not in str(found.to_json())
    assert len(found.declarations[0].digest) == 64


def test_packed_parameters_are_read_too():
    data = with_chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b'{"1": {}}'))
    assert declared_origin(data).declarations[0].by == "ComfyUI"


def test_a_text_that_would_unpack_without_end_is_refused_and_named():
    bomb = with_chunk(b"zTXt", b"prompt\0\0" + zlib.compress(bytes(1 << 26), 9))
    found = declared_origin(bomb)
    assert found.state == "unreadable"
    assert "too large" in found.faults[0]


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&a;</x:xmpmeta>',
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><unclosed></x:xmpmeta>',
        b"<x:xmpmeta \xff\xfe></x:xmpmeta>",
    ],
)
def test_metadata_that_cannot_be_read_is_said_and_never_called_none(hostile):
    found = declared_origin(with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + hostile))
    assert found.state == "unreadable"
    assert found.faults


def test_a_manifest_cut_short_is_unreadable_or_invalid_but_never_absent(ai_picture):
    data = bytearray(ai_picture[0])
    start = data.index(b"jumb")
    data[start + 60 : start + 90] = bytes(30)
    found = declared_origin(bytes(data))
    assert found.state == "unreadable" or found.integrity == "invalid"


def test_the_bytes_decide_and_not_the_name(tmp_path, ai_picture):
    path = tmp_path / "picture.txt"
    path.write_bytes(ai_picture[0])
    assert declared_origin(path).media_type == "image/png"


def test_every_sentence_holds_the_wording_rules(ai_picture):
    parameters = with_chunk(b"tEXt", b"parameters\0x")
    for data in (png(), ai_picture[0], parameters):
        text = declared_origin(data).text()
        for language in ("en", "es"):
            assert refused_words(text.plain(language, {}), language) == []


def test_an_empty_or_missing_file_is_refused(tmp_path):
    with pytest.raises(Malformed):
        declared_origin(b"")
    with pytest.raises(Missing):
        declared_origin(tmp_path / "nothing.png")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "state", "manifests", "integrity", "code"),
    [
        ("A", "none", 0, None, None),
        ("C", "declared", 1, "valid", "signingCredential.untrusted"),
        ("CA", "manifest_without_origin", 1, "valid", "signingCredential.untrusted"),
        ("CACAE-uri-CA", "declared", 3, "valid", "signingCredential.untrusted"),
        ("E-sig-CA", "manifest_without_origin", 1, "invalid", "claimSignature.mismatch"),
        ("XCA", "manifest_without_origin", 1, "invalid", "assertion.dataHash.mismatch"),
        ("cloud", "remote_manifest", 0, None, None),
    ],
)
def test_published_samples_come_out_as_published(shared_data, name, state, manifests, integrity, code):
    found = declared_origin(shared_data / "match" / "c2pa" / f"{name}.jpg")
    assert (found.state, found.manifests, found.integrity) == (state, manifests, integrity)
    assert code is None or code in found.codes
    assert (found.remote_url is not None) == (name == "cloud")
