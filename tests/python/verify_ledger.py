"""A verifier of ledger exports that shares nothing with the hub but the published formats.

    verify_ledger.py EXPORT [--key LINE|FILE]... [--quorum N]   one line of JSON; exit 1 if the export is broken
    verify_ledger.py --vectors                                 RFC 6962 and C2SP vectors

Only the standard library and `cryptography`. Written from RFC 6962, the C2SP documents and docs/auditor.md.
"""

import argparse
import base64
import collections
import hashlib
import json
import os
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KINDS = (
    "permitted refused delivered opened acknowledged escalated recalled consent-changed agreement-changed accessed "
    "broke-glass ruleset-activated erased key-added key-retired interrupted"
).split()
ID_CHARACTERS = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_./:+")


class Broken(Exception):
    """The export is not what it says."""

    def __init__(self, code, text, entries=()):
        super().__init__(text)
        self.code, self.text, self.entries = code, text, list(entries)


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha256(b"\x00" + data)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


class Tree:
    """The peaks of a growing tree, from the largest to the smallest."""

    def __init__(self, size=0, peaks=()):
        self.size, self.peaks = size, list(peaks)
        if bin(size).count("1") != len(self.peaks):
            raise Broken("MASH-L014", "what comes before the first entry cannot be read")

    def copy(self):
        return Tree(self.size, self.peaks)

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf, size = node_hash(self.peaks.pop(), leaf), size >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves):
    """MTH of RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def inclusion_root(index, size, leaf, path):
    """The root to which a proof of inclusion leads, by recursion over the shape of the tree."""
    if size == 1:
        if path:
            raise Broken("MASH-L008", "the proof is too long")
        return leaf
    if not path:
        raise Broken("MASH-L008", "the proof is too short")
    split = 1
    while split * 2 < size:
        split *= 2
    if index < split:
        return node_hash(inclusion_root(index, split, leaf, path[:-1]), path[-1])
    return node_hash(path[-1], inclusion_root(index - split, size - split, leaf, path[:-1]))


def consistency_roots(old, size, path, whole, old_root):
    """The two roots to which a proof of consistency leads."""
    if old == size:
        if whole:
            return old_root, old_root
        return path[0], path[0]
    split = 1
    while split * 2 < size:
        split *= 2
    if old <= split:
        first, second = consistency_roots(old, split, path[:-1], whole, old_root)
        return first, node_hash(second, path[-1])
    first, second = consistency_roots(old - split, size - split, path[:-1], False, old_root)
    return node_hash(path[-1], first), node_hash(path[-1], second)


class Key:
    """A verifier key of C2SP signed-note."""

    def __init__(self, line):
        try:
            self.line = line
            self.name, self.id, material = line.split("+", 2)
            material = decode(material)
            self.type, self.public = material[0], material[1:]
            if self.type not in (1, 4) or len(self.public) != 32 or not self.name:
                raise ValueError
            if sha256(self.name.encode() + b"\n" + material)[:4].hex() != self.id:
                raise ValueError
        except (ValueError, IndexError) as error:
            raise Broken("MASH-L007", "this is not a key") from error

    def label(self):
        return f"{self.name}+{self.id}"

    def verifies(self, text, signature):
        message = text
        if self.type == 4:
            if len(signature) != 72:
                return False
            time = struct.unpack(">Q", signature[:8])[0]
            if time >= 1 << 63:
                return False
            message, signature = b"cosignature/v1\ntime %d\n" % time + text, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def decode(text):
    """Base64 in its one form."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != (text if isinstance(text, str) else text.decode()):
        raise ValueError
    return data


class Note:
    """A signed note."""

    def __init__(self, data):
        try:
            text = data.decode()
            if any(ord(char) < 32 and char != "\n" for char in text) or "\x7f" in text:
                raise ValueError
            body, signatures = text.rsplit("\n\n", 1)
            if not signatures.endswith("\n"):
                raise ValueError
            self.text = (body + "\n").encode()
            self.signatures = []
            for line in signatures[:-1].split("\n"):
                dash, name, encoded = line.split(" ")
                signature = decode(encoded)
                if dash != "\u2014" or len(signature) < 5 or not name or "+" in name:
                    raise ValueError
                self.signatures.append((name, signature[:4].hex(), signature[4:]))
        except ValueError as error:
            raise Broken("MASH-L001", "this is not a signed note") from error

    def signed_by(self, keys):
        found = []
        for name, key_id, signature in self.signatures:
            for key in keys:
                if (key.name, key.id) == (name, key_id) and key not in found:
                    if not key.verifies(self.text, signature):
                        raise Broken("MASH-L003", f"forged in the name of {key.label()}")
                    found.append(key)
        return found

    def checkpoint(self):
        try:
            origin, size, root, *rest = self.text.decode()[:-1].split("\n")
            if not origin or not size.isdigit() or str(int(size)) != size or not all(rest):
                raise ValueError
            root = decode(root)
            if len(root) != 32:
                raise ValueError
            return origin, int(size), root
        except ValueError as error:
            raise Broken("MASH-L002", "this is not a checkpoint") from error


def entry(data):
    """An entry in its one encoding: kind, whether late, commitment, and its texts."""
    try:
        version, kind, flags, time = struct.unpack(">BBBQ", data[:11])
        if version != 1 or not 1 <= kind <= len(KINDS) or flags & ~1 or time >= 1 << 53:
            raise ValueError
        at, texts = 27, []
        for _ in range(4):
            length = data[at]
            text = data[at + 1 : at + 1 + length]
            if len(text) != length or length > 120 or not ID_CHARACTERS.issuperset(text):
                raise ValueError
            texts.append(text.decode())
            at += 1 + length
        if len(data) != at + 32:
            raise ValueError
        return KINDS[kind - 1], bool(flags & 1), data[at:], texts
    except (struct.error, IndexError, ValueError) as error:
        raise Broken("MASH-L012", "an entry cannot be read") from error


class Export:
    """Reads an export line by line."""

    def __init__(self, keys, quorum):
        self.given, self.live, self.retired, self.offered = bool(keys), list(keys), [], []
        self.witness_keys, self.quorum = [], quorum
        self.origin = self.to = self.begin = None
        self.listed = self.actual = None
        self.tile, self.owed, self.odd, self.changed = Tree(), None, [], []
        self.vouched = self.checkpoints = self.late = 0
        self.kinds, self.pending, self.witnesses = collections.Counter(), [], []
        self.over = False

    def read(self, lines):
        lines = iter(lines)
        if next(lines, None) != b"mash-ledger-export/1":
            raise Broken("MASH-L014", "this is not an export of a ledger")
        self.head(lines)
        for line in lines:
            if self.over:
                raise Broken("MASH-L014", "something follows the end")
            word, _, rest = line.partition(b" ")
            if (self.owed is not None) != (word == b"t"):
                raise Broken("MASH-L014", "the hash of 256 entries is not where it belongs")
            part = {b"e": self.entry, b"t": self.tile_line, b"c": self.checkpoint, b"end": self.end}.get(word)
            if part is None:
                raise Broken("MASH-L014", "this line is unknown")
            try:
                part(rest)
            except (ValueError, UnicodeDecodeError) as error:
                raise Broken("MASH-L014", "this line cannot be read") from error
        return self.report()

    def head(self, lines):
        for line in lines:
            if not line:
                break
            try:
                word, rest = line.decode().split(" ", 1)
                if word == "origin":
                    self.origin = rest
                elif word in ("key", "witness"):
                    key = Key(rest)
                    (self.offered if word == "key" else self.witness_keys).append(key)
                elif word == "from":
                    size, *peaks = rest.split(" ")
                    self.begin = number(size)
                    self.listed = Tree(self.begin, [decode(peak) for peak in peaks])
                elif word == "to":
                    self.to = number(rest)
                else:
                    raise ValueError
            except ValueError as error:
                raise Broken("MASH-L014", "this line of the head is unknown") from error
        else:
            raise Broken("MASH-L013", "cut off in its head")
        if self.origin is None or self.to is None or self.listed is None:
            raise Broken("MASH-L014", "the head is not whole")
        self.vouched = self.begin
        if not self.given:
            self.live = list(self.offered)

    def entry(self, rest):
        index, listed, encoded = rest.decode().split(" ")
        index, listed, data = number(index), decode(listed), decode(encoded)
        if index != self.listed.size:
            raise Broken("MASH-L015", f"entry {self.listed.size} should stand here, and entry {index} does")
        if index >= self.to or len(listed) != 32:
            raise ValueError
        hashed = leaf_hash(data)
        if hashed == listed:
            kind, late, commitment, _ = entry(data)
            self.kinds[kind] += 1
            self.late += late
            if kind in ("key-added", "key-retired"):
                for key in self.offered + self.live:
                    if sha256(key.line.encode()) == commitment:
                        self.pending.append((index, kind, key))
                        break
        else:
            self.actual = self.actual or self.listed.copy()
            self.changed.append(index)
        if self.actual:
            self.actual.push(hashed)
        self.listed.push(listed)
        if index % 256 == 0:
            self.tile = Tree()
        self.tile.push(listed)
        if index % 256 == 255 and self.tile.size == 256:
            self.owed = index // 256

    def tile_line(self, rest):
        index, root = rest.decode().split(" ")
        if number(index) != self.owed:
            raise ValueError
        if decode(root) != self.tile.root():
            self.odd.append(self.owed)
        self.owed = None

    def checkpoint(self, rest):
        data = decode(rest)
        data.decode()
        note = Note(data)
        origin, size, root = note.checkpoint()
        if origin != self.origin:
            raise Broken("MASH-L006", "this is about another ledger")
        if size != self.listed.size:
            raise ValueError
        believed = bool(note.signed_by(self.live))
        if not believed:
            if note.signed_by(self.retired):
                raise Broken("MASH-L005", "signed with a key that was rotated away")
            if not note.signed_by(self.offered):
                raise Broken("MASH-L004", "no signature is by a key that you trust")
        actual = (self.actual or self.listed).root()
        if actual != root:
            if self.actual and self.listed.root() == root:
                raise Broken("MASH-L016", "changed after it was written", self.changed)
            raise Broken("MASH-L017", f"the entries from {self.vouched} to before {size} are not those that were signed")
        if self.odd and not self.changed:
            raise Broken("MASH-L014", "the hash of 256 entries was changed, the entries were not")
        if believed:
            self.vouched, self.checkpoints = size, self.checkpoints + 1
            for index, kind, key in [it for it in self.pending if it[0] < size]:
                for keys in (self.live, self.retired):
                    keys[:] = [known for known in keys if known.line != key.line]
                (self.live if kind == "key-added" else self.retired).append(key)
            self.pending = [it for it in self.pending if it[0] >= size]
        self.witnesses = note.signed_by(self.witness_keys)

    def end(self, rest):
        if number(rest.decode()) != self.to:
            raise ValueError
        if self.listed.size < self.to:
            raise Broken("MASH-L013", "cut off")
        self.over = True

    def report(self):
        if not self.over:
            raise Broken("MASH-L013", "cut off")
        if self.to > 0 and not self.checkpoints:
            raise Broken("MASH-L004", "no signature is by a key that you trust")
        if self.vouched < self.to:
            raise Broken("MASH-L019", f"no checkpoint covers the entries from {self.vouched} on")
        if len(self.witnesses) < self.quorum:
            raise Broken("MASH-L018", "too few witnesses have co-signed")
        if self.changed:
            raise Broken("MASH-L020", "a hash beside an entry was changed", self.changed)
        return {
            "verified": True,
            "origin": self.origin,
            "from": self.begin,
            "entries": self.to - self.begin,
            "root": base64.b64encode(self.listed.root()).decode(),
            "checkpoints": self.checkpoints,
            "late": self.late,
            "keys": [key.label() for key in self.live],
            "witnesses": [key.label() for key in self.witnesses],
            "kinds": dict(self.kinds),
        }


def number(text):
    if not text.isdigit() or str(int(text)) != text:
        raise ValueError
    return int(text)


def keys_of(given):
    for text in given:
        if os.path.exists(text):
            with open(text, encoding="utf-8") as file:
                yield from (Key(line) for line in file.read().splitlines() if line)
        else:
            yield Key(text)


LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = """
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()
INCLUSION = """
bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b
ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
""".split()
CONSISTENCY = """
0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a
ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
""".split()
NOTE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
WITNESS_KEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"


def vectors():
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]
    roots = [bytes.fromhex(root) for root in ROOTS]
    tree = Tree()
    for size, leaf in enumerate(leaves, 1):
        tree.push(leaf)
        assert tree.root() == root_of(leaves[:size]) == roots[size - 1], size
    path = [bytes.fromhex(it) for it in INCLUSION]
    assert inclusion_root(5, 8, leaves[5], path) == roots[7]
    assert inclusion_root(4, 8, leaves[5], path) != roots[7]
    path = [bytes.fromhex(it) for it in CONSISTENCY]
    assert consistency_roots(6, 8, path, True, roots[5]) == (roots[5], roots[7])
    note = Note(NOTE.encode())
    key = Key(NOTE_KEY)
    assert note.signed_by([key]) == [key]
    try:
        Note(NOTE.replace("problem,", "problem;").encode()).signed_by([key])
    except Broken as broken:
        assert broken.code == "MASH-L003"
    else:
        raise AssertionError("a forged note was believed")
    assert Key(WITNESS_KEY).type == 4
    print(json.dumps({"vectors": True}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("export", nargs="?")
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--quorum", type=int, default=0)
    parser.add_argument("--vectors", action="store_true")
    given = parser.parse_args()
    if given.vectors:
        return vectors()
    reading = Export(list(keys_of(given.key)), given.quorum)
    try:
        with open(given.export, "rb") as file:
            report = reading.read(line[:-1] if line.endswith(b"\n") else line for line in file)
    except Broken as broken:
        print(json.dumps({"verified": False, "code": broken.code, "text": broken.text, "entries": broken.entries}))
        sys.exit(1)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
