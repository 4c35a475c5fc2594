#!/bin/sh
# A worker for tests: speaks the records protocol, measures nothing. Beside it lie `nanoseconds`, its time, and perhaps
# `status`, what it says of every case, `support`, true or false when it is asked what it can do, and `kind`, that of its
# device. It notes the cases of each process in a line of `visits`.
folder=$(dirname "$0")
ns=$(cat "$folder/nanoseconds")
status=ok
[ -f "$folder/status" ] && status=$(cat "$folder/status")
kind=cpu
[ -f "$folder/kind" ] && kind=$(cat "$folder/kind")
for argument in "$@"; do
  case $argument in
    --records=*) records=${argument#--records=} ;;
    --describe) describe=yes ;;
  esac
done
say() { eval "printf '%s\n' \"\$1\" >&$records"; }
say '{"event":"backend","name":"fake","version":"1","facts":{},"device":{"kind":"'"$kind"'","name":"none","memory_bytes":0,"cache_bytes":0,"facts":{}}}'
if [ -n "$describe" ]; then
  [ -f "$folder/support" ] && say '{"event":"support","case":"gemm","yes":'"$(cat "$folder/support")"'}'
  exit 0
fi
for argument in "$@"; do
  case $argument in
    --case=*)
      text=${argument#--case=}
      printf '%s; ' "$text" >>"$folder/visits"
      [ "$status" = crash ] && { echo "cannot go on" >&2; kill -9 $$; }
      say "{\"event\":\"begin\",\"case\":\"$text\"}"
      if [ "$status" = ok ]; then
        say "{\"event\":\"end\",\"case\":\"$text\",\"status\":\"ok\",\"round\":{\"samples_ns\":[$ns.5,$ns]}}"
      else
        say "{\"event\":\"end\",\"case\":\"$text\",\"status\":\"$status\",\"reason\":\"because of the test\"}"
      fi
      ;;
  esac
done
echo >>"$folder/visits"
