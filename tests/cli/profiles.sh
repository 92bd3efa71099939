#!/bin/sh
# profiles.sh PROGRAM: one model, a profile for every user - made by fit, used by score, extended and forgotten.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

# sessions COUNT SHIFT: COUNT sessions of each of 24 accounts, as a table; what stands under an account is the habit of
# the one SHIFT further on.
sessions() {
    awk -v count="$1" -v shift="$2" -v seed="$3" 'BEGIN {
        srand(seed)
        split("mail maps news photos music notes", habits, " ")
        print "session,account,event"
        for (i = 0; i < count; i++)
            for (account = 0; account < 24; account++)
                for (k = 0; k < 10; k++) {
                    event = rand() < .5 ? "read" : rand() < .8 ? habits[1 + (account + shift) % 6] : "search"
                    printf "s%d-%d,a%d,%s\n", i, account, account, event
                }
    }'
}
sessions 6 0 1 >normal.csv
sessions 2 0 2 >own.csv
sessions 2 1 3 >taken.csv

expect 0 fit --input normal.csv --profile-key account --output model --epochs 20 --no-repair --json fit.json
says err '^columns: event (judged); key session; profiles of account'
says err '^profiles: 24 keys, .*; compared with 24 of them$'
says fit.json '"profiles":{"keys":24,"few":0,'
[ -s model/key_profiles.bin ] || complain "no model/key_profiles.bin"
expect 0 inspect model
says out '^ *profiles *24 keys by account, '

# Who behaves like another is found; who behaves as always is not.
abnormal() { grep -c '"is_anomaly":true' "$1"; }
expect 0 score --model model --input own.csv --output own.jsonl --json own.json
says own.jsonl '"profile_key":"a3","has_profile":true'
says own.json '"without_profile":0'
expect 0 score --model model --input taken.csv --output taken.jsonl
# Of 48 each: at a target of 1 % at most 4 in 99.9 % of cases; of the others more than half.
[ "$(abnormal own.jsonl)" -le 4 ] || complain "$(abnormal own.jsonl) own sessions are abnormal"
[ "$(abnormal taken.jsonl)" -ge 24 ] || complain "only $(abnormal taken.jsonl) sessions of others are found"

# New keys are judged by the population, and say so, until their normal sessions were added.
sed 's/,a\([0-9]*\),/,new\1,/' own.csv >new.csv
expect 0 score --model model --input new.csv --output new.jsonl
says err '^48 sequences of keys that have no profile'
says new.jsonl '"has_profile":false'
sessions 5 0 4 | sed 's/,a\([0-9]*\),/,new\1,/' >more.csv
cp -r model before
expect 0 profiles --model model --input more.csv --forget new3,nobody --json profiles.json
says err '^added 120 sequences of 24 keys$'
says err '^warning: --forget: key nobody has no profile$'
says profiles.json '"keys_before":24,"keys":47,'
says profiles.json '"forgotten":\["new3"\],"unknown":\["nobody"\]'
expect 0 score --model model --input new.csv --output known.jsonl
says err '^2 sequences of keys that have no profile'
says known.jsonl '"profile_key":"new4","has_profile":true'
expect 0 score --model model --input own.csv --output own_again.jsonl
same own.jsonl own_again.jsonl
# Nothing but the profiles has changed.
for file in config.json model.safetensors detector.json profile.safetensors population.safetensors; do
    same "before/$file" "model/$file"
done

# A forgotten key that others are compared with stays known there, which is said.
expect 0 profiles --model model --forget a0
says err '^warning: key a0 is one of the 24 with which all others are compared'

# What is wrong is named.
expect 1 profiles --model nowhere --forget a
expect 1 fit --input own.csv --profile-key account --output few --no-repair
says err 'profiles (--profile-key): keys with 4 sequences or more'
expect 2 fit --input own.csv --key session --profile-key session --output few --no-repair
says err 'names the sequences themselves'
expect 1 fit --input own.csv --profile-key user --output few
says err 'no column "user" in the header'
expect 0 fit --input own.csv --output plain --epochs 5 --no-repair
expect 2 profiles --model plain --forget a1
says err 'a model without profiles; `seqguard fit --profile-key` makes them'
printf 'damaged' | dd of=model/key_profiles.bin bs=1 seek=200 conv=notrunc 2>/dev/null
expect 1 score --model model --input own.csv
says err 'model/key_profiles.bin: damaged'
rm model/key_profiles.bin
expect 1 score --model model --input own.csv
says err 'model/key_profiles.bin'
finish
