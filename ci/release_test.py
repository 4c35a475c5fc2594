#!/usr/bin/env python3
"""What ci/release refuses, one line each, before it makes anything. Then a release whose build makes empty files."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

source = pathlib.Path(sys.argv[1])


def git(*words):
    subprocess.run(["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *words], check=True,
                   capture_output=True)


def release(*arguments, **variables):
    tools = {"PATH": str(pathlib.Path("build-tools").absolute())}
    return subprocess.run(["ci/release", *arguments], capture_output=True, text=True, env={**os.environ, **tools, **variables})


def refused(*arguments, says, **variables):
    done = release(*arguments, **variables)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done
    assert not pathlib.Path("build-release/SHA256SUMS").exists()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for path in ("ci/release", "ci/debian-root"):
        pathlib.Path(path).parent.mkdir(exist_ok=True)
        shutil.copy(source / path, path)
    pathlib.Path("CMakeLists.txt").write_text("project(whygpu VERSION 1.2.3 LANGUAGES CXX)\n")
    pathlib.Path("CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.2] - 2026-01-01\n")
    pathlib.Path("ci/make-packages").write_text("""#!/bin/sh
[ "$1" = --bundle ] && touch "$2/whygpu_1.2.3-1_amd64.deb" && [ -z "$BROKEN" ]
""")
    pathlib.Path("ci/make-packages").chmod(0o755)
    pathlib.Path(".gitignore").write_text("/build*/\n")
    # What ci/release finds: no lintian, and no debootstrap, which it would run for many minutes.
    pathlib.Path("build-tools").mkdir()
    for tool in ("cat", "dirname", "git", "grep", "gzip", "head", "id", "ls", "mkdir", "mktemp", "mountpoint", "rm", "sed",
                 "sh", "sha256sum", "tail", "tar", "touch"):
        pathlib.Path("build-tools", tool).symlink_to(shutil.which(tool))
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "before")

    refused(says="no version; usage: ci/release VERSION [FOLDER]")
    refused("1.2", says="version 1.2, but CMakeLists.txt says 1.2.3")
    refused("v1.2.3", says='CHANGELOG.md has no section "## [1.2.3] - DATE"')
    pathlib.Path("CHANGELOG.md").write_text("## [1.2.3] - 2026-02-02\n")
    refused("v1.2.3", says="the working tree has changes, such as  M CHANGELOG.md")
    git("tag", "v1.2.3")
    git("commit", "--quiet", "--all", "-m", "1.2.3")
    refused("1.2.3", says="tag v1.2.3 is commit ")
    git("tag", "--delete", "v1.2.3")
    pathlib.Path("build-release").mkdir()
    pathlib.Path("build-release/left").touch()
    refused("1.2.3", says="build-release is not empty")
    nobody = {"DEBFULLNAME": "", "DEBEMAIL": "", "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": folder}
    refused("1.2.3", "build-other", says="no name and address: set DEBFULLNAME and DEBEMAIL", **nobody)
    assert not subprocess.run(["git", "tag"], capture_output=True, text=True).stdout

    somebody = {"DEBFULLNAME": "Test", "DEBEMAIL": "test@example.org", "GIT_COMMITTER_NAME": "Test",
                "GIT_COMMITTER_EMAIL": "test@example.org"}
    done = release("1.2.3", "build-broken", **somebody, BROKEN="yes")
    assert done.returncode == 1 and "build-broken/build.log" in done.stderr and " failed; " in done.stderr, done
    assert not subprocess.run(["git", "tag"], capture_output=True, text=True).stdout
    done = release("1.2.3", "build-made", **somebody)
    assert done.returncode == 0 and "whygpu-cuda: no CUDA toolkit here" in done.stdout, done
    assert "they need root and debootstrap" in done.stdout and "Tagged v1.2.3" in done.stdout, done
    made = {file.name for file in pathlib.Path("build-made").iterdir()}
    assert made == {"SHA256SUMS", "whygpu-1.2.3.tar.gz", "whygpu_1.2.3-1_amd64.deb"}, made
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], check=True, cwd="build-made")
    git("diff", "--quiet", "v1.2.3", "HEAD")
