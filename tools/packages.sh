# Sourced by quickstart and test: installs missing Debian packages, or prints which are missing.

build_packages="g++ cmake ninja-build libbenchmark-dev libfmt-dev nlohmann-json3-dev libcli11-dev libopenblas-dev libdnnl-dev
  libjs-vega libsqlite3-dev libboost-dev libonnx-dev libprotobuf-dev protobuf-compiler"
test_packages="libgtest-dev libgmock-dev python3-jsonschema python3-yaml git help2man"
release_packages="help2man dpkg-dev file"
check_packages="clang-format clang-tidy-19 clang-19 libclang-rt-19-dev"

# need_packages NAME…: installs those that are missing; fails if that is not possible.
need_packages() {
  missing=""
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "no apt-get: packages are installed on Debian only; install the equivalents of:$missing" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    echo "not root: packages are missing, install them with" >&2
    echo "  sudo apt-get install$missing" >&2
    return 1
  fi
  echo "Installing$missing"
  apt-get -q update >/dev/null || return 1
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing >/dev/null
}
