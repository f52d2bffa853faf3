"""The code of docs/webhooks.md in Node and Go runs, and verifies as the one in Python does."""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from services.index.deliver import signature
from tests.unit.services.index.deliver.golden_messages import MESSAGES
from tests.unit.services.index.deliver.test_webhooks_page import ID, blocks

BODY = MESSAGES["match"]
SECRET, OTHER = signature.new_secret(), signature.new_secret()

NODE = """
import { readFileSync } from "node:fs";
import { verified } from "./verify.mjs";
for (const one of JSON.parse(readFileSync(0))) {
  try { console.log(verified(Buffer.from(one.body, "base64"), one.headers, one.secret).type); }
  catch (error) { console.log("refused"); }
}
"""
GO = """
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	var cases []struct {
		Body    []byte
		Headers map[string]string
		Secret  string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	for _, one := range cases {
		header := func(name string) string { return one.Headers[name] }
		if Verify(one.Body, header, one.Secret) != nil {
			fmt.Println("refused")
			continue
		}
		var message struct{ Type string }
		if err := json.Unmarshal(one.Body, &message); err != nil {
			panic(err)
		}
		fmt.Println(message.Type)
	}
}
"""


def cases() -> tuple[list[dict[str, object]], list[str]]:
    """What is given to the program, and what it is to answer."""
    now = int(time.time())
    good = signature.headers(ID, now, BODY, [SECRET])
    both = signature.headers(ID, now, BODY, [OTHER, SECRET])
    table: list[tuple[bytes, dict[str, str], str, bool]] = [
        (BODY, good, SECRET, True),
        (BODY, both, SECRET, True),
        (BODY, both, OTHER, True),
        (BODY.replace(b"JM", b"JN"), good, SECRET, False),
        (BODY, signature.headers(ID, now - 400, BODY, [SECRET]), SECRET, False),
        (BODY, signature.headers(ID, now + 400, BODY, [SECRET]), SECRET, False),
        (BODY, good | {"webhook-timestamp": "soon"}, SECRET, False),
        (BODY, good | {"webhook-signature": "v1,"}, SECRET, False),
        (BODY, good, OTHER, False),
        (BODY, {}, SECRET, False),
    ]
    given: list[dict[str, object]] = [
        {"body": base64.b64encode(body).decode(), "headers": headers, "secret": secret}
        for body, headers, secret, _ in table
    ]
    return given, ["news.match" if fine else "refused" for *_, fine in table]


def answers(command: list[str], folder: Path, given: list[dict[str, object]]) -> list[str]:
    done = subprocess.run(command, cwd=folder, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_code_for_node_verifies(tmp_path: Path) -> None:
    [block] = blocks("js")
    (tmp_path / "verify.mjs").write_text(block)
    (tmp_path / "main.mjs").write_text(NODE)
    given, wanted = cases()
    assert answers(["node", "main.mjs"], tmp_path, given) == wanted


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_the_code_for_go_verifies(tmp_path: Path) -> None:
    [block] = blocks("go")
    (tmp_path / "verify.go").write_text(block.replace("package webhook", "package main"))
    (tmp_path / "main.go").write_text(GO)
    subprocess.run(["go", "build", "-o", "verify", "verify.go", "main.go"], cwd=tmp_path, check=True)
    given, wanted = cases()
    assert answers(["./verify"], tmp_path, given) == wanted
