package newsmonitor;

import java.io.IOException;
import java.util.Map;

import org.apache.lucene.search.Query;
import org.elasticsearch.index.mapper.DocumentParserContext;
import org.elasticsearch.index.mapper.FieldMapper;
import org.elasticsearch.index.mapper.IndexType;
import org.elasticsearch.index.mapper.MappedFieldType;
import org.elasticsearch.index.mapper.MapperBuilderContext;
import org.elasticsearch.index.mapper.ValueFetcher;
import org.elasticsearch.index.query.SearchExecutionContext;

/**
 * The field type `percolator` as far as storing goes: a saved search is kept and read back, and matches nothing.
 *
 * <p>The query `percolate` does not exist in this node.
 */
final class UnindexedQuery extends FieldMapper {
    private static final String TYPE = "percolator";
    static final TypeParser PARSER = new TypeParser((name, context) -> new Unbuilt(name));

    private UnindexedQuery(String name, MappedFieldType type, BuilderParams parameters) {
        super(name, type, parameters);
    }

    @Override
    protected boolean supportsParsingObject() {
        return true;
    }

    @Override
    protected void parseCreateField(DocumentParserContext context) throws IOException {
        context.parser().skipChildren();
    }

    @Override
    public Builder getMergeBuilder() {
        return new Unbuilt(leafName()).init(this);
    }

    @Override
    protected String contentType() {
        return TYPE;
    }

    private static final class Unbuilt extends Builder {
        Unbuilt(String name) {
            super(name);
        }

        @Override
        protected Parameter<?>[] getParameters() {
            return new Parameter<?>[0];
        }

        @Override
        public String contentType() {
            return TYPE;
        }

        @Override
        public UnindexedQuery build(MapperBuilderContext context) {
            MappedFieldType type = new Unsearchable(context.buildFullName(leafName()));
            return new UnindexedQuery(leafName(), type, builderParams(this, context));
        }
    }

    private static final class Unsearchable extends MappedFieldType {
        Unsearchable(String name) {
            super(name, IndexType.NONE, false, Map.of());
        }

        @Override
        public ValueFetcher valueFetcher(SearchExecutionContext context, String format) {
            throw new UnsupportedOperationException(TYPE);
        }

        @Override
        public String typeName() {
            return TYPE;
        }

        @Override
        public Query termQuery(Object value, SearchExecutionContext context) {
            throw new UnsupportedOperationException(TYPE);
        }
    }
}
