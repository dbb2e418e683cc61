-- The rights that only a superuser can give to the publisher, once per database; run again it changes
-- nothing. The other files of this folder are run by the publisher itself, with each publish.
--
--   psql "$OPERATOR_DSN" -v ON_ERROR_STOP=1 \
--     -c "set serving.publisher = 'publisher'" -f python_scoring/serving/sql/0_operator.sql
--
-- The publisher reads the server's JSON log, and no other file: execute on pg_read_binary_file would
-- let it read every file of the server, the passwords of roles included.
do $$
declare
    publisher text := current_setting('serving.publisher', true);
begin
    if coalesce(publisher, '') = '' then
        raise exception 'serving.publisher is not set; expected the role of the publisher'
            using hint = 'psql ... -c "set serving.publisher = ''publisher''" -f 0_operator.sql';
    end if;
    if to_regrole(quote_ident(publisher)) is null then
        raise exception 'serving.publisher names the role %, which does not exist', publisher
            using hint = 'create role publisher login createrole, and run this again';
    end if;
end
$$;

create schema if not exists serving_operator;
revoke all on schema serving_operator from public;

create or replace function serving_operator.read_log(file text, start bigint, length bigint)
returns bytea
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if file !~ '^[A-Za-z0-9_:+-][A-Za-z0-9_.:+-]*[.]json$' then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('%s is no JSON log of this server', quote_literal(left(file, 100)));
    end if;
    return pg_read_binary_file(current_setting('log_directory') || '/' || file, start, length, true);
end
$$;

revoke all on function serving_operator.read_log(text, bigint, bigint) from public;

-- Ends the sessions of a role's members in this database that began before an instant; returns how
-- many are left: of roles that the publisher administers, its consumers, and never of superusers.
-- pg_signal_backend would let it end the sessions of every database of the server.
create or replace function serving_operator.end_sessions(ended_role oid, started_before timestamptz)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_has_role(session_user, ended_role, 'member with admin option') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('%s does not administer the role %s', session_user, ended_role);
    end if;
    -- Materialized: else the planner might end sessions before it has looked whose they are.
    return (
        with sessions as materialized (
            select pid
            from pg_stat_activity
            inner join pg_roles on usesysid = pg_roles.oid and not pg_roles.rolsuper
            where
                datname = current_database()
                and pid <> pg_backend_pid()
                and backend_start < started_before
                and pg_has_role(usesysid, ended_role, 'usage, set')  -- not who only administers it
        )

        select count(*) from sessions where not pg_terminate_backend(pid, 5000)
    );
end
$$;

revoke all on function serving_operator.end_sessions(oid, timestamptz) from public;

do $$
declare
    publisher text := current_setting('serving.publisher');
begin
    execute format('grant usage on schema serving_operator to %I', publisher);
    execute format('grant execute on function serving_operator.read_log to %I', publisher);
    execute format('grant execute on function serving_operator.end_sessions to %I', publisher);
    -- The server counts calls of functions: a second record of how many decisions there were.
    execute format('alter database %I set track_functions = ''pl''', current_database());
    execute format('grant pg_monitor to %I', publisher);  -- names and sizes of the log's files
    execute format(
        'revoke all on function pg_read_binary_file(text, bigint, bigint, boolean) from %I', publisher
    );
end
$$;
