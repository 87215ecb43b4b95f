"""Decoders of content codings, and what a compressed answer must look like."""

import zlib

import brotli
import zstandard

CODINGS = ("br", "zstd", "gzip")


class Decoder:
    """Decodes piece by piece; `feed` returns what can be known so far."""

    def __init__(self, coding):
        self._decode = {
            "br": lambda: brotli.Decompressor().process,
            "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
            "gzip": lambda: zlib.decompressobj(31).decompress,
        }[coding]()

    def feed(self, data):
        return self._decode(data)


def decoded(answer):
    """The body without its coding."""
    coding = answer.header("Content-Encoding")
    return answer.body if coding is None else Decoder(coding).feed(answer.body)


def accept(coding):
    return {"Accept-Encoding": coding}


def varies(answer):
    names = [name.strip().lower() for value in answer.all("Vary") for name in value.split(",")]
    assert names.count("accept-encoding") <= 1
    return "accept-encoding" in names
