#!/bin/sh
# Keeps one worker of a site running where there is no systemd; started again whenever it ends.
#   nohup deploy/respawn-worker.sh /var/lib/eden >> /var/lib/eden/logs/worker.log 2>&1 &
# SIGTERM or SIGINT to this script stops the worker and the script.
home=${1:?"usage: $0 INSTANCE_FOLDER"}
cd "$home" || exit 1

worker=
stop() {
    trap '' TERM INT
    if [ -n "$worker" ]; then
        kill -TERM "$worker" 2>/dev/null
        wait "$worker"
    fi
    exit 0
}
trap stop TERM INT

while :; do
    python3 web2py.py -K eden --no_banner &
    worker=$!
    wait "$worker"
    status=$?
    worker=
    echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) the worker ended with status $status; it is started again in 2 seconds"
    # In the background, so that a signal does not have to wait for the pause to be over.
    sleep 2 &
    wait $!
done
