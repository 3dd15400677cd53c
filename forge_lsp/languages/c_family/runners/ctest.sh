if [ -f build.ninja ]; then keep="-k 0"; else keep=-k; fi
cmake --build . -- $keep 2>&1
echo "forge-built: $?"
junit="$1"
shift
exec ctest --timeout 60 --output-on-failure --test-output-size-passed 262144 --test-output-size-failed 262144 --output-junit "$junit" "$@"
