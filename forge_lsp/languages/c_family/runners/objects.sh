mkdir -p .forge-objects
for one in $(find . -name "*.repro.tar" -o -name "{TAR}"); do
  tar -xf "$one" -C .forge-objects 2>/dev/null
done
find . \( -name "*.o" -o -name "*.obj" \) -print | head -n 2000 > .forge-objects/list
for shown in "" -C; do
  while read -r one; do nm -u -g -p -P $shown "$one" 2>/dev/null; done < .forge-objects/list
  echo "forge-listed:"
done
