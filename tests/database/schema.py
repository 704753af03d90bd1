"""What a database is made of, as PostgreSQL itself spells it."""

from __future__ import annotations

import psycopg

_PARTS = """
SELECT 'table ' || c.relname, concat(c.relkind, ' ', c.relpersistence, ' ', c.reloptions)
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'not null' END,
      'default ' || pg_get_expr(d.adbin, d.adrelid),
      nullif('identity ' || a.attidentity::text, 'identity '),
      nullif('generated ' || a.attgenerated::text, 'generated '))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || conrelid::regclass || '.' || conname,
    pg_get_constraintdef(oid) || CASE WHEN convalidated THEN '' ELSE ' not valid' END
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
UNION ALL
SELECT 'index ' || i.indexrelid::regclass,
    pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' not valid' END
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || tgrelid::regclass || '.' || tgname,
    concat(tgenabled, ' ', pg_get_triggerdef(oid))
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function ' || oid::regprocedure, pg_get_functiondef(oid)
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
UNION ALL
SELECT 'view ' || c.relname, pg_get_viewdef(c.oid)
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
UNION ALL
SELECT 'enum ' || t.typname, (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
    FROM pg_enum e WHERE e.enumtypid = t.oid)
  FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'e'
UNION ALL
SELECT 'sequence ' || s.seqrelid::regclass, to_jsonb(s) - 'seqrelid' #>> '{}'
  FROM pg_sequence s
UNION ALL
SELECT 'extension ' || extname, extversion FROM pg_extension
"""


def schema(url: str) -> dict[str, str]:
    """Every table, column, constraint, index, trigger, function … with its definition.

    The order of columns is left out: one that is dropped and added again comes last.
    """
    with psycopg.connect(url) as connection:
        return dict(connection.execute(_PARTS).fetchall())
