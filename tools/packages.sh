# Sourced by quickstart and test: installs missing Debian packages, or prints which are missing.

build_packages="g++ cmake ninja-build libbenchmark-dev libfmt-dev nlohmann-json3-dev libcli11-dev libopenblas-dev
  libblis-openmp-dev libdnnl-dev libjs-vega libsqlite3-dev libboost-dev libonnx-dev libprotobuf-dev protobuf-compiler
  ocl-icd-opencl-dev libclblast-dev"
# Debian has libxsmm for x86-64 only.
x86_packages="libxsmm-dev"
[ "$(uname -m)" != x86_64 ] || build_packages="$build_packages $x86_packages"
test_packages="libgtest-dev libgmock-dev python3-jsonschema python3-yaml git help2man pocl-opencl-icd
  libopenmpi-dev openmpi-bin slurmctld slurmd slurm-client munge libpqxx-dev postgresql"
release_packages="help2man dpkg-dev file libopenmpi-dev libpqxx-dev"
check_packages="clang-format clang-tidy-19 clang-19 libclang-rt-19-dev"

# Of the page's test in a browser, which needs playwright-core too; a Node.js from elsewhere may have npm in it.
browser_packages() {
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || echo chromium
}
playwright_version=1.55.0

# install_playwright FOLDER: into FOLDER/node_modules, unless it is there. The browser is the system's.
install_playwright() {
  grep -qs "\"version\": \"$playwright_version\"" "$1/node_modules/playwright-core/package.json" && return 0
  mkdir -p "$1"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-save --no-audit --no-fund --prefix "$1" \
    "playwright-core@$playwright_version" && return 0
  echo "npm could not install playwright-core $playwright_version, which the page's test needs" >&2
  return 1
}

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
