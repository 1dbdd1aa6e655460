# remotify in fish. Made by `npm run completions` from the command line itself: do not edit.

# Whether the flag $argv[2] of the command $argv[1] takes a value.
function _remotify_takes
    set -l takes none
    switch "$argv[1]"
        case ''
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case new
            switch "$argv[2]"
                case --name --url -s --session --config-dir
                    set takes required
                case --wait
                    set takes optional
            end
        case exec
            switch "$argv[2]"
                case -f --file
                    set takes script
                case -t --timeout -w --wait --wait-listener --wait-approval --env --cwd --url -s --session --config-dir
                    set takes required
            end
        case cp
            switch "$argv[2]"
                case -w --wait --wait-listener --wait-approval --url -s --session --config-dir
                    set takes required
            end
        case logs
            switch "$argv[2]"
                case --offset --stream --url -s --session --config-dir
                    set takes required
            end
        case wait
            switch "$argv[2]"
                case -w --wait --url -s --session --config-dir
                    set takes required
            end
        case status
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case history
            switch "$argv[2]"
                case -n --last --url -s --session --config-dir
                    set takes required
            end
        case cancel
            switch "$argv[2]"
                case --signal --url -s --session --config-dir
                    set takes required
            end
        case list
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case use
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case end
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case reset
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case serve
            switch "$argv[2]"
                case --host --port --listen --socket-mode --public-url --store --durability --token --token-file --allowed-host --trust-proxy --tls-cert --tls-key --rate-limit --rate-limit-burst --max-body-size --session-ttl --long-poll --max-held-polls --max-held-polls-per-address --max-held-polls-per-session --max-sessions-per-address --session-quota --address-quota --log --metrics --url -s --session --config-dir
                    set takes required
                case --audit-log
                    set takes optional
            end
        case mcp
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case agents
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case config
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
        case completion
            switch "$argv[2]"
                case --url -s --session --config-dir
                    set takes required
            end
    end
    echo $takes
end

# Whether the argument number $argv[2] of the command $argv[1] starts the command line of another program.
function _remotify_owns_rest
    contains -- "$argv[1] $argv[2]" 'exec 0'
end

# Names of the stored sessions. `list` prints a star or nothing, the name, the address.
function _remotify_sessions
    command remotify list --offline </dev/null 2>/dev/null | string replace -rf '^(?:\* | ) *([A-Za-z0-9._-]+)(?: .*)?$' '$1'
end

# What is being typed, without the flag that it is the value of.
function _remotify_typed
    string replace -r -- '^--[a-z-]+=' '' (commandline -ct)
end

function _remotify_folders
    __fish_complete_directories (_remotify_typed)
end

# The words; one that ends with a colon goes on with a folder.
function _remotify_stores
    printf '%s\n' $argv
    set -l typed (_remotify_typed)
    if string match -q -- 'file:*' "$typed"
        set -l start (string replace 'file:' '' -- "$typed")
        for folder in $start*/
            printf 'file:%s\n' $folder
        end
    end
end

# The first word of a command, once something of it is there; no command after a script.
function _remotify_first_words
    contains -- script (_remotify_state)[3..]; and return
    set -l typed (commandline -ct)
    string match -qr -- '^[A-Za-z0-9._+][A-Za-z0-9._+-]*$' "$typed"
    and complete -C "$typed"
end

# The command before the cursor, how many arguments it has so far, and words for what else is known: "bare" after --,
# "script" when one is given, "tail" when the rest is the command line of another program. Words are compared, never expanded.
function _remotify_state
    set -l words (commandline -opc)
    set -e words[1]
    set -l name ''
    set -l count 0
    set -l marks
    set -l takes none
    for word in $words
        if test $takes = required; or test $takes = script
            set takes none
            continue
        end
        if test $takes = optional
            set takes none
            string match -q -- '-*' "$word"; or continue
        end
        if not contains -- bare $marks; and string match -q -- '-?*' "$word"
            if test "$word" = --
                set -a marks bare
                continue
            end
            set -l parts (string split -m 1 -- = "$word")
            if not string match -q -- '--*' "$word"
                # Of letters together only the last can wait for its value: -dt 5, but -t5.
                set parts
                for letter in (string split '' -- (string sub -s 2 -- "$word"))
                    if test (count $parts) -gt 0; and test (_remotify_takes "$name" $parts[1]) != none
                        set -a parts "$letter"
                        break
                    end
                    set parts "-$letter"
                end
            end
            set takes (_remotify_takes "$name" "$parts[1]")
            test $takes = script; and set -a marks script
            test (count $parts) -gt 1; and set takes none
        else if test -z "$name"
            set name "$word"
            set -e marks
            set -l marks
        else
            _remotify_owns_rest "$name" $count; and set -a marks tail
            set count (math $count + 1)
        end
    end
    printf '%s\n' "$name" $count $marks
end

# Flags may come here: of the command $argv[1].
function _remotify_flags_of
    set -l state (_remotify_state)
    test "$state[1]" = "$argv[1]"
    and not contains -- tail $state[3..]
    and not contains -- bare $state[3..]
end

# Here comes the argument number $argv[2] of the command $argv[1].
function _remotify_argument_of
    set -l state (_remotify_state)
    test "$state[1]" = "$argv[1]"
    and not contains -- tail $state[3..]
    and test $state[2] $argv[3] $argv[2]
end

# The words of another program's command line follow: files may be among them.
function _remotify_rest
    set -l state (_remotify_state)
    contains -- tail $state[3..]
    or _remotify_owns_rest "$state[1]" $state[2]
end

complete -c remotify -e
complete -c remotify -n 'not _remotify_rest' -f
complete -c remotify -n "_remotify_flags_of ''" -s V -l version -d 'print the version'
complete -c remotify -n "_remotify_flags_of ''" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of ''" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of ''" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of ''" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of ''" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of ''" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of ''" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a new -d 'create a session and print the line to paste on the remote'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a exec -d 'run a command on the remote'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a cp -d 'copy files and folders to or from the remote'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a logs -d 'print the output of a command, as often as needed'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a wait -d 'wait until a command ended or a listener is connected'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a status -d 'show relay, session, listener and commands'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a history -d 'list the last commands of a session'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a cancel -d 'drop a queued command, or stop the running one'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a list -d 'list stored sessions'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a use -d 'choose the current session'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a end -d 'end a session on the relay and remove it here'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a reset -d 'cancel all commands of a session and clear unread results'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a serve -d 'run a relay'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a mcp -d 'run an MCP server on stdio'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a agents -d 'print rules for agents that have only a shell and curl'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a config -d 'show effective settings, or change stored ones'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a completion -d 'print the completion file of a shell'
complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a help -d 'show help for a command'

# new
complete -c remotify -n "_remotify_flags_of new" -l name -x -d 'name to store it under (default: session-1, session-2, …)'
complete -c remotify -n "_remotify_flags_of new" -l auto -d 'print the line for a listener that runs commands without asking'
complete -c remotify -n "_remotify_flags_of new" -l pin -d 'print a line that runs only the script of this client, not another one from the relay'
complete -c remotify -n "_remotify_flags_of new" -l copy -d 'send the line to the terminal\'s clipboard as well (OSC 52)'
complete -c remotify -n "_remotify_flags_of new" -l wait -d 'wait until the listener connects (default 10m; on a terminal always)'
complete -c remotify -n "_remotify_flags_of new" -l no-wait -d 'print the line and exit, also on a terminal'
complete -c remotify -n "_remotify_flags_of new" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of new" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of new" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of new" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of new" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of new" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of new" -s h -l help -d 'show help'

# exec
complete -c remotify -n "_remotify_flags_of exec" -s f -l file -r -F -d 'run a shell script instead (- is stdin); the words are its arguments'
complete -c remotify -n "_remotify_flags_of exec" -s i -l stdin -d 'forward stdin, byte for byte, to its end'
complete -c remotify -n "_remotify_flags_of exec" -s t -l timeout -x -d 'stop the command after this long (REMOTIFY_TIMEOUT)'
complete -c remotify -n "_remotify_flags_of exec" -s w -l wait -x -d 'how long to wait in all for a listener, the queue and approval; 0: start at once or fail (REMOTIFY_WAIT; default: 10m)'
complete -c remotify -n "_remotify_flags_of exec" -l wait-listener -x -d 'how long of it to wait for a listener'
complete -c remotify -n "_remotify_flags_of exec" -l wait-approval -x -d 'how long of it to wait for the operator to approve'
complete -c remotify -n "_remotify_flags_of exec" -s d -l detach -d 'push the command, print its id, exit'
complete -c remotify -n "_remotify_flags_of exec" -l merge -d 'put stderr into stdout, in order'
complete -c remotify -n "_remotify_flags_of exec" -l env -x -d 'set a variable on the remote (repeatable)'
complete -c remotify -n "_remotify_flags_of exec" -l cwd -x -a '(_remotify_folders)' -d 'run in this folder of the remote; ~ is its home'
complete -c remotify -n "_remotify_flags_of exec" -l raw -d 'print control bytes unescaped, also on a terminal'
complete -c remotify -n "_remotify_flags_of exec" -l all -d 'run on every stored session at once; several -s: on those'
complete -c remotify -n "_remotify_flags_of exec" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of exec" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of exec" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of exec" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of exec" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of exec" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of exec" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of exec 0 -ge" -a '(_remotify_first_words)'

# cp
complete -c remotify -n "_remotify_flags_of cp" -s r -l recursive -d 'copy folders with everything below them'
complete -c remotify -n "_remotify_flags_of cp" -s p -l preserve -d 'keep mode and time exactly; without it the umask applies, as with cp'
complete -c remotify -n "_remotify_flags_of cp" -s w -l wait -x -d 'how long to wait in all for a listener, the queue and approval; 0: start at once or fail (REMOTIFY_WAIT; default: 10m)'
complete -c remotify -n "_remotify_flags_of cp" -l wait-listener -x -d 'how long of it to wait for a listener'
complete -c remotify -n "_remotify_flags_of cp" -l wait-approval -x -d 'how long of it to wait for the operator to approve'
complete -c remotify -n "_remotify_flags_of cp" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of cp" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of cp" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of cp" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of cp" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of cp" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of cp" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of cp 0 -ge" -r -F

# logs
complete -c remotify -n "_remotify_flags_of logs" -s f -l follow -d 'follow the output to its end, and exit with the status of the command'
complete -c remotify -n "_remotify_flags_of logs" -l offset -x -d 'start at this offset of each stream'
complete -c remotify -n "_remotify_flags_of logs" -l stream -x -a 'stdout stderr' -d 'print only stdout or only stderr'
complete -c remotify -n "_remotify_flags_of logs" -l raw -d 'print control bytes unescaped'
complete -c remotify -n "_remotify_flags_of logs" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of logs" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of logs" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of logs" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of logs" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of logs" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of logs" -s h -l help -d 'show help'

# wait
complete -c remotify -n "_remotify_flags_of wait" -l listener -d 'wait until a listener is connected'
complete -c remotify -n "_remotify_flags_of wait" -s w -l wait -x -d 'give up after this long; 0: look once (default: 10m or REMOTIFY_WAIT with --listener, else no limit)'
complete -c remotify -n "_remotify_flags_of wait" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of wait" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of wait" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of wait" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of wait" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of wait" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of wait" -s h -l help -d 'show help'

# status
complete -c remotify -n "_remotify_flags_of status" -l watch -d 'refresh until Ctrl-C'
complete -c remotify -n "_remotify_flags_of status" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of status" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of status" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of status" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of status" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of status" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of status" -s h -l help -d 'show help'

# history
complete -c remotify -n "_remotify_flags_of history" -s n -l last -x -d 'how many commands to list, the newest last; 0 lists all'
complete -c remotify -n "_remotify_flags_of history" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of history" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of history" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of history" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of history" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of history" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of history" -s h -l help -d 'show help'

# cancel
complete -c remotify -n "_remotify_flags_of cancel" -l signal -x -a 'INT TERM KILL' -d 'INT, TERM or KILL'
complete -c remotify -n "_remotify_flags_of cancel" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of cancel" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of cancel" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of cancel" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of cancel" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of cancel" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of cancel" -s h -l help -d 'show help'

# list
complete -c remotify -n "_remotify_flags_of list" -l offline -d 'list what is stored, without asking the relays'
complete -c remotify -n "_remotify_flags_of list" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of list" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of list" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of list" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of list" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of list" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of list" -s h -l help -d 'show help'

# use
complete -c remotify -n "_remotify_flags_of use" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of use" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of use" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of use" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of use" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of use" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of use" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of use 0 -eq" -x -a '(_remotify_sessions)'

# end
complete -c remotify -n "_remotify_flags_of end" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of end" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of end" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of end" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of end" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of end" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of end" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of end 0 -eq" -x -a '(_remotify_sessions)'

# reset
complete -c remotify -n "_remotify_flags_of reset" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of reset" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of reset" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of reset" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of reset" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of reset" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of reset" -s h -l help -d 'show help'

# serve
complete -c remotify -n "_remotify_flags_of serve" -l host -x -d 'address to listen on (REMOTIFY_HOST; default 127.0.0.1)'
complete -c remotify -n "_remotify_flags_of serve" -l port -x -d 'port, 0 picks a free one (REMOTIFY_PORT; default 8080)'
complete -c remotify -n "_remotify_flags_of serve" -l listen -x -d 'unix:PATH, or address and port, for --host and --port (REMOTIFY_LISTEN; a socket of systemd by itself)'
complete -c remotify -n "_remotify_flags_of serve" -l socket-mode -x -d 'permissions of the unix socket (REMOTIFY_SOCKET_MODE; default 0660)'
complete -c remotify -n "_remotify_flags_of serve" -l public-url -x -d 'address in the lines that it hands out (REMOTIFY_PUBLIC_URL; DOMAIN, SCHEME, PUBLIC_PORT)'
complete -c remotify -n "_remotify_flags_of serve" -l store -x -a '(_remotify_stores file: memory: redis://)' -d 'file:DIR, memory: or redis://HOST (REMOTIFY_STORE, or REMOTIFY_STORE_FILE; default a folder of the user)'
complete -c remotify -n "_remotify_flags_of serve" -l durability -x -d 'durability of accepted data: process (crash), replica (Redis) or power (loss) (REMOTIFY_DURABILITY; default process)'
complete -c remotify -n "_remotify_flags_of serve" -l token -x -d 'required to create a session (better: REMOTIFY_SERVE_TOKEN)'
complete -c remotify -n "_remotify_flags_of serve" -l token-file -r -F -d 'the file that holds it (REMOTIFY_SERVE_TOKEN_FILE)'
complete -c remotify -n "_remotify_flags_of serve" -l allowed-host -x -d 'host name to answer for, beside addresses and localhost (repeatable; REMOTIFY_ALLOWED_HOST)'
complete -c remotify -n "_remotify_flags_of serve" -l trust-proxy -x -d 'whose X-Forwarded-For, -Proto and -Host to believe: how many, or networks (REMOTIFY_TRUST_PROXY; 0)'
complete -c remotify -n "_remotify_flags_of serve" -l tls-cert -r -F -d 'serve https with this chain, re-read when it changes (REMOTIFY_TLS_CERT)'
complete -c remotify -n "_remotify_flags_of serve" -l tls-key -r -F -d 'its private key (REMOTIFY_TLS_KEY)'
complete -c remotify -n "_remotify_flags_of serve" -l rate-limit -x -d 'new sessions per address, off for no limit (RATE_LIMIT; default 10r/m)'
complete -c remotify -n "_remotify_flags_of serve" -l rate-limit-burst -x -d 'burst size (RATE_LIMIT_BURST; default 5)'
complete -c remotify -n "_remotify_flags_of serve" -l max-body-size -x -d 'max size of a request body (MAX_BODY_SIZE; default 25m)'
complete -c remotify -n "_remotify_flags_of serve" -l session-ttl -x -d 'lifetime of an unused session (SESSION_TTL; default 3h)'
complete -c remotify -n "_remotify_flags_of serve" -l long-poll -x -d 'how long a poll is held (LONGPOLL_MS; default 15s)'
complete -c remotify -n "_remotify_flags_of serve" -l max-held-polls -x -d 'max concurrent long polls; the oldest is dropped (REMOTIFY_MAX_HELD_POLLS; 32768)'
complete -c remotify -n "_remotify_flags_of serve" -l max-held-polls-per-address -x -d 'the same for one address (REMOTIFY_MAX_HELD_POLLS_PER_ADDRESS; 4096)'
complete -c remotify -n "_remotify_flags_of serve" -l max-held-polls-per-session -x -d 'the same for one session (REMOTIFY_MAX_HELD_POLLS_PER_SESSION; 128)'
complete -c remotify -n "_remotify_flags_of serve" -l max-sessions-per-address -x -d 'alive at once (REMOTIFY_MAX_SESSIONS_PER_ADDRESS; 2048)'
complete -c remotify -n "_remotify_flags_of serve" -l session-quota -x -d 'what a session may store (REMOTIFY_SESSION_QUOTA; 4g, in memory 256m)'
complete -c remotify -n "_remotify_flags_of serve" -l address-quota -x -d 'the same of all sessions of an address (REMOTIFY_ADDRESS_QUOTA; 16g, 1g)'
complete -c remotify -n "_remotify_flags_of serve" -l audit-log -d 'write an audit log to stderr; level text: also the text of commands (AUDIT_LOG=1 or text)'
complete -c remotify -n "_remotify_flags_of serve" -l log -x -d 'write an access log to stderr, as text or json (REMOTIFY_LOG)'
complete -c remotify -n "_remotify_flags_of serve" -l metrics -x -d 'port, or address and port, for Prometheus (REMOTIFY_METRICS)'
complete -c remotify -n "_remotify_flags_of serve" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of serve" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of serve" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of serve" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of serve" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of serve" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of serve" -s h -l help -d 'show help'

# mcp
complete -c remotify -n "_remotify_flags_of mcp" -l npx -d 'config: a host starts it with npx, and nothing has to be installed'
complete -c remotify -n "_remotify_flags_of mcp" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of mcp" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of mcp" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of mcp" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of mcp" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of mcp" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of mcp" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of mcp 0 -eq" -x -a 'config'
complete -c remotify -n "_remotify_argument_of mcp 1 -eq" -x -a 'claude-code claude-desktop cursor codex gemini vscode windsurf continue cline zed opencode'

# agents
complete -c remotify -n "_remotify_flags_of agents" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of agents" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of agents" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of agents" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of agents" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of agents" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of agents" -s h -l help -d 'show help'

# config
complete -c remotify -n "_remotify_flags_of config" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of config" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of config" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of config" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of config" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of config" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of config" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of config 0 -eq" -x -a 'get set unset path'
complete -c remotify -n "_remotify_argument_of config 1 -eq" -x -a 'url'

# completion
complete -c remotify -n "_remotify_flags_of completion" -l url -x -d 'address of the relay (REMOTIFY_URL)'
complete -c remotify -n "_remotify_flags_of completion" -s s -l session -x -a '(_remotify_sessions)' -d 'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)'
complete -c remotify -n "_remotify_flags_of completion" -l json -d 'print one JSON object on stdout, also for an error'
complete -c remotify -n "_remotify_flags_of completion" -s q -l quiet -d 'suppress progress messages'
complete -c remotify -n "_remotify_flags_of completion" -l no-color -d 'print without colours (NO_COLOR)'
complete -c remotify -n "_remotify_flags_of completion" -l config-dir -x -a '(_remotify_folders)' -d 'directory of the settings (REMOTIFY_CONFIG_DIR)'
complete -c remotify -n "_remotify_flags_of completion" -s h -l help -d 'show help'
complete -c remotify -n "_remotify_argument_of completion 0 -eq" -x -a 'bash zsh fish'

# help
complete -c remotify -n "_remotify_argument_of help 0 -eq" -x -a 'new exec cp logs wait status history cancel list use end reset serve mcp agents config completion help'
