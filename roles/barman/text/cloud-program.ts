// PURE: the part of the work at the object store for which barman has no command, on top of barman's own library: it lists all
// objects, and stores or fetches many files in one process, since a start of Python costs more than a WAL file.

const program = `
import json, os, sys, tempfile
from barman.cloud_providers.aws_s3 import S3CloudInterface

do, url, endpoint, encryption, kms_key, server, home, *names = sys.argv[1:]

def say(**what):
    print(json.dumps(what), flush=True)

def list_objects():
    found = []
    pages = store.s3.meta.client.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=store.bucket_name, Prefix=root + "/"):
        for o in page.get("Contents", []):
            found.append([o["Key"][len(root) + 1:], o["Size"], int(o["LastModified"].timestamp())])
    texts = {}
    for key, _, _ in found:
        if key == "identity.json" or key.endswith(("/backup.info", "/annotations/keep")):
            body = store.remote_open(os.path.join(root, key))
            if body is not None:
                texts[key] = body.read().decode()
    say(objects=found, texts=texts)

def put(name):
    try:
        file = open(os.path.join(home, name), "rb")
    except FileNotFoundError:
        return say(gone=name)
    with file:
        suffix = ".gz" if file.read(2) == b"\\x1f\\x8b" else ""
        file.seek(0)
        store.upload_fileobj(file, os.path.join(root, name + suffix))
    say(done=name)

def get(name):
    path = os.path.join(home, name.removesuffix(".gz"))
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory() as half:
        part = os.path.join(half, "part")
        store.download_file(os.path.join(root, name), part, None)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    say(done=name)

try:
    store = S3CloudInterface(url, endpoint_url=endpoint or None, read_timeout=20,
                             encryption=encryption or None,
                             **({"sse_kms_key_id": kms_key} if kms_key else {}))
    root = os.path.join(store.path, server)
    if do == "list":
        list_objects()
    else:
        for name in names:
            (put if do == "put" else get)(name)
except Exception as e:
    code = (getattr(e, "response", None) or {}).get("Error", {}).get("Code")
    say(error=code or type(e).__name__, text=str(e))
    sys.exit(1)
`;

/**
 * Arguments: list, put or get; URL; endpoint, encryption and its key, each or nothing; server; directory; names of files below that directory (put) or of
 * objects below the server's path in the store (get). It prints a line of JSON for each file, and one with `error` at a failure.
 * A file that barman has compressed is stored under its name and .gz, as barman-cloud-wal-archive and -restore name it.
 */
export const cloudProgram: string = program.trimStart();
