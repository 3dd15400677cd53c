state=$1 part=$2; shift 2
find "${state%/*}" -name '*.part.tsbuildinfo' -mmin +60 -delete 2>/dev/null
cp -f "$state" "$part" 2>/dev/null
"$@" --incremental --tsBuildInfoFile "$part"
code=$?
mv -f "$part" "$state" 2>/dev/null
exit $code
