-- The rights that only a superuser can give to the publisher, once per database; run again it changes
-- nothing. The other files of this folder are run by the publisher itself, with each publish.
--
--   psql "$OPERATOR_DSN" -v ON_ERROR_STOP=1 \
--     -c "set serving.publisher = 'publisher'" -f python_scoring/serving/sql/0_operator.sql
--
-- The publisher reads the server's JSON log, and no other file: execute on pg_read_binary_file would
-- let it read every file of the server, the passwords of roles included.
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

do $$
declare
    publisher text := current_setting('serving.publisher');
begin
    execute format('grant usage on schema serving_operator to %I', publisher);
    execute format('grant execute on function serving_operator.read_log to %I', publisher);
    execute format('grant pg_monitor to %I', publisher);  -- names and sizes of the log's files
    execute format(
        'revoke all on function pg_read_binary_file(text, bigint, bigint, boolean) from %I', publisher
    );
end
$$;
